// Gathers the changes of a window by what is written and for whom, so that UPDATEs are full, and encodes them into
// chunks. Owner: core's executor.
#pragma once

#include <vector>

#include "rib/export_slots.hpp"
#include "rib/out_queue.hpp"

namespace podbgp::rib {

class UpdatePacker {
 public:
  struct Audience {
    Piece::For whom = Piece::For::All;
    net::PeerId peer = kNoPeer;
  };

  UpdatePacker(ExportSlots& slots, std::size_t chunk_size) : slots_(&slots), chunk_size_(chunk_size) {}

  // The routes of one window all belong to one target. A route is announced or withdrawn at most once for each reader.
  void announce(ExportSlots::Id slot, const ExportItem& item, std::string_view peer_name, Audience audience);
  void withdraw(const ExportItem& item, Audience audience);
  [[nodiscard]] std::size_t pending() const { return routes_.size(); }

  // Encodes all that is pending; what was gathered first comes first.
  void flush(const ExportTarget& target, std::vector<std::shared_ptr<const Chunk>>& chunks);
  void release_memory();                 // when nothing is going on
  [[nodiscard]] bool is_large() const {  // about: more than is worth keeping
    return routes_.capacity() * sizeof(Route) + buckets_.capacity() * (sizeof(Bucket) + 128) > 256 * 1024;
  }
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kEnd = 0xffffffff;
  struct Route {
    std::uint32_t next = kEnd;
    std::uint8_t length = 0;
    std::array<std::uint8_t, 16> octets{};
  };
  struct Bucket {
    std::uint64_t content = 0;  // 0: withdrawals
    Audience audience;
    std::uint32_t first = kEnd, last = kEnd;
    std::uint32_t place = 0;  // in places_
    EncodedAttributes attributes;
  };

  [[nodiscard]] Bucket& bucket(std::uint64_t content, Audience audience, bool& fresh);
  void append(Bucket& bucket, const PrefixKey& prefix);
  void seal(std::vector<std::shared_ptr<const Chunk>>& chunks);
  void grow_places();

  ExportSlots* slots_;
  std::size_t chunk_size_;
  std::vector<Route> routes_;
  std::vector<Bucket> buckets_;  // the first used_ are in use; the others keep their memory
  std::size_t used_ = 0;
  std::vector<std::uint32_t> places_;  // open addressing: bucket + 1
  std::size_t last_ = 0;               // bucket of the route before, most often that of the next one
  wire::Bytes out_;
  std::vector<Piece> pieces_;
};

}  // namespace podbgp::rib
