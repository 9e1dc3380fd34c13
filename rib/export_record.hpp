// What a group last exported, by entry: the slot and the peer the path came from. 6 octets a route, in pages that exist
// only where something is recorded. Owner: core's executor.
#pragma once

#include <vector>

#include "rib/export_slots.hpp"

namespace podbgp::rib {

class ExportRecord {
 public:
  struct Value {
    ExportSlots::Id slot = ExportSlots::kNone;  // kNone: never read, or nothing there
    net::PeerId source = kLocalPeer;            // is not sent what is recorded: it held it first
  };

  ExportRecord() = default;
  ~ExportRecord();  // does not give back slots: see clear_some()
  ExportRecord(const ExportRecord&) = delete;
  ExportRecord& operator=(const ExportRecord&) = delete;

  [[nodiscard]] Value get(EntryIndex entry) const {
    const auto page = entry.value() / kPageItems;
    if (page >= pages_.size() || pages_[page].memory == nullptr) return {};
    const auto at = entry.value() % kPageItems;
    return {slots(pages_[page])[at], net::PeerId{sources(pages_[page])[at]}};
  }
  // Takes over the reference on `value.slot`; the caller gives back that of the value before.
  void set(EntryIndex entry, Value value);
  void prefetch(EntryIndex entry) const {
    const auto page = entry.value() / kPageItems;
    if (page < pages_.size() && pages_[page].memory != nullptr)
      __builtin_prefetch(slots(pages_[page]) + entry.value() % kPageItems);
  }
  [[nodiscard]] std::size_t size() const { return live_; }  // recorded values, those that say "not exported" included
  void copy_from(const ExportRecord& other, ExportSlots& slots);  // takes references; this record must be empty
  // Gives back the slots of a page and its memory; returns how many values that were. size() is 0 when all is done.
  std::size_t clear_page(ExportSlots& slots);
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kPageItems = 4096;
  static constexpr std::size_t kPageBytes = kPageItems * (sizeof(ExportSlots::Id) + sizeof(std::uint16_t));
  struct Page {
    std::uint8_t* memory = nullptr;
    std::uint32_t live = 0;
  };
  [[nodiscard]] static ExportSlots::Id* slots(const Page& page) {
    return reinterpret_cast<ExportSlots::Id*>(page.memory);
  }
  [[nodiscard]] static std::uint16_t* sources(const Page& page) {
    return reinterpret_cast<std::uint16_t*>(page.memory + kPageItems * sizeof(ExportSlots::Id));
  }
  void drop(Page& page);

  std::vector<Page> pages_;
  std::size_t live_ = 0;
};

}  // namespace podbgp::rib
