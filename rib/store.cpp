#include "rib/store.hpp"

namespace podbgp::rib {

Store::Store(RouterSettings router_settings) : router(router_settings) {
  next_hops.set_resolving(router.resolve_next_hops);
}

}  // namespace podbgp::rib
