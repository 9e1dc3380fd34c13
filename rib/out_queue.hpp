// Encoded messages on their way to sessions: chunks which many peers share, and each peer's queue of them.
// Owner: core's executor.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "rib/index.hpp"
#include "rib/out_slice.hpp"

namespace podbgp::rib {

// A run of whole messages and whom they are for.
struct Piece {
  enum class For : std::uint8_t { All, Except, Only };
  std::uint32_t end = 0;  // offset behind it; it begins where the one before ends
  net::PeerId peer;       // of Except and Only
  For whom = For::All;
  [[nodiscard]] bool is_for(net::PeerId reader) const {
    return whom == For::All || (whom == For::Except) == (peer != reader);
  }
};

struct Chunk {  // immutable once it is in a queue
  std::shared_ptr<const wire::Bytes> buffer;
  std::vector<Piece> pieces;
  [[nodiscard]] std::size_t size_for(net::PeerId reader) const;
};

class OutQueue {
 public:
  // Returns false if there was nothing in it for this reader.
  bool push(const std::shared_ptr<const Chunk>& chunk, net::PeerId reader);
  // Whole pieces until `budget` octets are reached; neighbouring pieces become one slice.
  void take(std::size_t budget, net::PeerId reader, std::vector<OutSlice>& out);
  void clear();
  [[nodiscard]] bool empty() const { return chunks_.empty(); }
  [[nodiscard]] std::size_t backlog() const { return backlog_; }  // octets unread, with what each chunk costs besides
  [[nodiscard]] const std::deque<std::shared_ptr<const Chunk>>& chunks() const { return chunks_; }

 private:
  static constexpr std::size_t kChunkCost = 128;
  std::deque<std::shared_ptr<const Chunk>> chunks_;
  std::size_t piece_ = 0;  // of the first chunk: the next one to look at
  std::size_t backlog_ = 0;
};

}  // namespace podbgp::rib
