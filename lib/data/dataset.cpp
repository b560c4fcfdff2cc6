#include "data/dataset.h"

#include "base/error.h"
#include "data/row_gather.h"

namespace maas {
namespace {

class Subset final : public Dataset {
 public:
  Subset(std::shared_ptr<const Dataset> whole, at::Tensor index)
      : whole_(std::move(whole)), index_(std::move(index)) {}

  int64_t size() const override { return index_.size(0); }
  Batch rows(const at::Tensor& index) const override {
    return whole_->rows(gather_rows(index_, index));
  }
  at::Tensor targets(const at::Tensor& index) const override {
    return whole_->targets(gather_rows(index_, index));
  }
  bool in_memory() const override { return whole_->in_memory(); }
  std::vector<uint64_t> digests() const override {
    const std::vector<uint64_t> all = whole_->digests();
    std::vector<uint64_t> own;
    if (all.empty()) return own;
    const auto* rows = index_.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < size(); ++i) own.push_back(all[rows[i]]);
    return own;
  }
  std::vector<MissingValues> missing() const override { return whole_->missing(); }
  const DataSpec& spec() const override { return whole_->spec(); }
  std::string name_of(int64_t i) const override {
    MAAS_CHECK(i >= 0 && i < size());
    return whole_->name_of(index_.const_data_ptr<int64_t>()[i]);
  }
  std::string text_of(int64_t i) const override {
    MAAS_CHECK(i >= 0 && i < size());
    return whole_->text_of(index_.const_data_ptr<int64_t>()[i]);
  }

 private:
  std::shared_ptr<const Dataset> whole_;
  at::Tensor index_;
};

}  // namespace

std::shared_ptr<const Dataset> subset(std::shared_ptr<const Dataset> whole,
                                      const at::Tensor& index) {
  MAAS_CHECK(index.dim() == 1 && index.scalar_type() == at::kLong);
  return std::make_shared<Subset>(std::move(whole), index.contiguous());
}

}  // namespace maas
