#include "rib/export_record.hpp"

#include <algorithm>
#include <cstring>

namespace podbgp::rib {

ExportRecord::~ExportRecord() {
  for (auto& page : pages_) drop(page);
}

void ExportRecord::drop(Page& page) {
  if (page.memory != nullptr) detail::unmap_pages(page.memory, kPageBytes);
  live_ -= page.live;
  page = {};
}

void ExportRecord::set(EntryIndex entry, Value value) {
  const auto number = entry.value() / kPageItems;
  const auto at = entry.value() % kPageItems;
  if (value.slot == ExportSlots::kNone && (number >= pages_.size() || pages_[number].memory == nullptr)) return;
  if (number >= pages_.size()) pages_.resize(number + 1);
  auto& page = pages_[number];
  if (page.memory == nullptr) page.memory = detail::map_pages(kPageBytes);
  auto& slot = slots(page)[at];
  const auto change = static_cast<int>(value.slot != ExportSlots::kNone) - static_cast<int>(slot != ExportSlots::kNone);
  slot = value.slot;
  sources(page)[at] = value.source.value();
  page.live += static_cast<std::uint32_t>(change);
  live_ += static_cast<std::size_t>(change);
  if (page.live == 0) drop(page);
}

void ExportRecord::copy_from(const ExportRecord& other, ExportSlots& all) {
  pages_.resize(other.pages_.size());
  for (std::size_t n = 0; n < pages_.size(); ++n) {
    if (other.pages_[n].memory == nullptr) continue;
    auto& page = pages_[n];
    page.memory = detail::map_pages(kPageBytes);
    page.live = other.pages_[n].live;
    std::memcpy(page.memory, other.pages_[n].memory, kPageBytes);
    for (std::uint32_t i = 0; i < kPageItems; ++i) {
      if (slots(page)[i] != ExportSlots::kNone) all.ref(slots(page)[i]);
    }
  }
  live_ = other.live_;
}

std::size_t ExportRecord::clear_page(ExportSlots& all) {
  while (!pages_.empty()) {
    Page page = pages_.back();
    pages_.back() = {};
    pages_.pop_back();
    if (page.memory == nullptr) continue;
    const auto count = page.live;
    for (std::uint32_t i = 0; i < kPageItems; ++i) {
      if (slots(page)[i] != ExportSlots::kNone) all.unref(slots(page)[i]);
    }
    drop(page);
    return count;
  }
  return 0;
}

std::size_t ExportRecord::memory_bytes() const {
  const auto mapped = std::count_if(pages_.begin(), pages_.end(), [](const Page& p) { return p.memory != nullptr; });
  return static_cast<std::size_t>(mapped) * kPageBytes + pages_.capacity() * sizeof(Page);
}

}  // namespace podbgp::rib
