#include "session/hub.hpp"

#include "wire/constants.hpp"

namespace podbgp::session {

Hub::Hub(Transport& transport, SessionOwner& owner)
    : transport_(transport),
      owner_(owner),
      receive_buffer_(kReadTurn + wire::kMaxExtendedMessageSize),
      batch_posted_(std::make_shared<bool>(false)) {}

void Hub::note_input() {
  if (std::exchange(*batch_posted_, true)) return;
  transport_.post([this, alive = std::weak_ptr<bool>(batch_posted_)] {
    const auto posted = alive.lock();
    if (!posted) return;
    *posted = false;
    owner_.on_batch_end();
  });
}

}  // namespace podbgp::session
