#include "rib/out_queue.hpp"

namespace podbgp::rib {

std::size_t Chunk::size_for(net::PeerId reader) const {
  std::size_t size = 0;
  std::uint32_t begin = 0;
  for (const auto& piece : pieces) {
    if (piece.is_for(reader)) size += piece.end - begin;
    begin = piece.end;
  }
  return size;
}

bool OutQueue::push(const std::shared_ptr<const Chunk>& chunk, net::PeerId reader) {
  const auto size = chunk->size_for(reader);
  if (size == 0) return false;
  chunks_.push_back(chunk);
  backlog_ += size + kChunkCost;
  return true;
}

void OutQueue::take(std::size_t budget, net::PeerId reader, std::vector<OutSlice>& out) {
  std::size_t taken = 0;
  while (!chunks_.empty() && taken < budget) {
    const auto& chunk = *chunks_.front();
    std::uint32_t begin = piece_ == 0 ? 0 : chunk.pieces[piece_ - 1].end;
    bool joins = false;  // the piece before went into the last slice
    while (piece_ < chunk.pieces.size() && taken < budget) {
      const auto& piece = chunk.pieces[piece_++];
      const std::size_t size = piece.end - begin;
      if (piece.is_for(reader)) {
        if (joins) {
          out.back().size += size;
        } else {
          out.push_back({chunk.buffer, begin, size});
        }
        taken += size;
        backlog_ -= size;
        joins = true;
      } else {
        joins = false;
      }
      begin = piece.end;
    }
    // Pieces for others at the end must not make a queue look full.
    while (piece_ < chunk.pieces.size() && !chunk.pieces[piece_].is_for(reader)) ++piece_;
    if (piece_ < chunk.pieces.size()) return;
    piece_ = 0;
    backlog_ -= kChunkCost;
    chunks_.pop_front();
  }
}

void OutQueue::clear() {
  chunks_ = {};
  piece_ = 0;
  backlog_ = 0;
}

}  // namespace podbgp::rib
