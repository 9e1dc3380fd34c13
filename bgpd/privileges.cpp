#include "bgpd/privileges.hpp"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstring>

namespace podbgp::bgpd {

namespace {

// A service manager or container engine may have narrowed the bounding set before we were started.
bool bounding_set_is_narrow() {
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (capability == CAP_NET_ADMIN || capability == CAP_NET_BIND_SERVICE) continue;
    if (capng_have_capability(CAPNG_BOUNDING_SET, capability) != 0) return false;
  }
  return true;
}

}  // namespace

net::Result<std::string, std::string> drop_privileges() {
  constexpr capng_type_t kSets = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET);
  std::string warning;
  for (const auto capability : {CAP_NET_ADMIN, CAP_NET_BIND_SERVICE}) {
    if (capng_have_capability(CAPNG_PERMITTED, capability) == 0)
      warning += std::string(warning.empty() ? "" : ", ") + (capability == CAP_NET_ADMIN ? "CAP_NET_ADMIN" : "CAP_NET_BIND_SERVICE");
  }
  const bool narrow = bounding_set_is_narrow();
  const bool may_drop_bounding = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
  if (!warning.empty()) warning = "not permitted: " + warning + "; routes, TCP MD5 or port 179 will fail: start it as root, or with this capability";
  const bool had_admin = capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) != 0;
  const bool had_bind = capng_have_capability(CAPNG_PERMITTED, CAP_NET_BIND_SERVICE) != 0;
  capng_clear(CAPNG_SELECT_BOTH);
  if (had_admin) (void)capng_update(CAPNG_ADD, kSets, CAP_NET_ADMIN);
  if (had_bind) (void)capng_update(CAPNG_ADD, kSets, CAP_NET_BIND_SERVICE);
  const auto which = may_drop_bounding ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS;
  if (capng_apply(which) != 0) return net::fail(std::string("cannot drop capabilities: ") + std::strerror(errno));
  if (!may_drop_bounding && !narrow && warning.empty())
    warning = "the bounding set stays as it was (CAP_SETPCAP is missing): restrict it in the unit or container";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return net::fail(std::string("cannot set no_new_privs: ") + std::strerror(errno));
  return warning;
}

}  // namespace podbgp::bgpd
