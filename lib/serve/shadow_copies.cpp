#include "serve/shadow_copies.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <exception>
#include <utility>

namespace maas {
namespace {

constexpr size_t kMostCopies = 32;  // that wait
constexpr size_t kMostBytes = 64 << 20;
constexpr int kNice = 19;
constexpr double kRelative = 1e-3, kAbsolute = 1e-5;

size_t bytes_of(const std::vector<at::Tensor>& tensors) {
  size_t bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += tensor.nbytes();
  return bytes;
}

std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  copies.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.clone());
  return copies;
}

bool is_close(const at::Tensor& a, const at::Tensor& b) {
  return a.is_floating_point() ? at::allclose(a, b, kRelative, kAbsolute, /*equal_nan=*/true)
                               : at::equal(a, b);
}

class Shadowed final : public QueuedInference {
 public:
  Shadowed(std::shared_ptr<QueuedInference> real, ShadowCopy copy, ShadowRunner& runner)
      : QueuedInference(real->deadline() - real->arrived),
        real_(std::move(real)),
        copy_(std::move(copy)),
        runner_(runner) {}

  const void* client() const override { return real_->client(); }
  bool is_wanted() override { return real_->is_wanted(); }
  int64_t level() const override { return real_->level(); }

  std::vector<at::Tensor> inputs() override {
    std::vector<at::Tensor> inputs = real_->inputs();
    wait_at_most(real_->deadline() - real_->arrived);
    safely([&] {
      // The request's own may lie in its body, which goes when it is answered.
      if (runner_.has_room(bytes_of(inputs))) copy_.inputs = copies_of(inputs);
    });
    return inputs;
  }

  void note_times(ServeClock::duration queue, ServeClock::duration compute) override {
    real_->note_times(queue, compute);
  }

  void answer(const std::vector<at::Tensor>& outputs) override {
    real_->answer(outputs);
    if (copy_.inputs.empty()) return copy_.statistics->ended(ShadowEnd::kDropped);
    safely([&] {
      copy_.outputs = copies_of(outputs);
      runner_.submit(std::move(copy_));
    });
  }

  void fail(const InferenceFailure& failure) noexcept override { real_->fail(failure); }

 private:
  template <class Work>
  void safely(const Work& work) noexcept {
    try {
      work();
    } catch (...) {
      copy_.inputs.clear();
    }
  }

  const std::shared_ptr<QueuedInference> real_;
  ShadowCopy copy_;
  ShadowRunner& runner_;
};

}  // namespace

const char* to_text(ShadowEnd end) {
  static constexpr std::array<const char*, kShadowEnds> kTexts = {"same", "same_class", "different",
                                                                  "failed", "dropped"};
  return kTexts.at(static_cast<size_t>(end));
}

uint64_t ShadowStatistics::total() const {
  uint64_t all = 0;
  for (const auto& count : ends) all += count;
  return all;
}

ShadowEnd compare_outputs(const std::vector<at::Tensor>& answered,
                          const std::vector<at::Tensor>& other) {
  if (answered.size() != other.size()) return ShadowEnd::kDifferent;
  bool same = true;
  for (size_t i = 0; i < answered.size(); ++i) {
    if (answered[i].sizes() != other[i].sizes() ||
        answered[i].scalar_type() != other[i].scalar_type()) {
      return ShadowEnd::kDifferent;
    }
    same = same && is_close(answered[i], other[i]);
  }
  if (same) return ShadowEnd::kSame;
  const at::Tensor& first = answered[0];
  const bool has_classes = first.is_floating_point() && first.dim() >= 2 && first.size(-1) > 1;
  return has_classes && at::equal(first.argmax(-1), other[0].argmax(-1)) ? ShadowEnd::kSameClass
                                                                         : ShadowEnd::kDifferent;
}

ShadowRunner::~ShadowRunner() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool ShadowRunner::has_room(size_t bytes) const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() < kMostCopies && bytes_ + bytes <= kMostBytes;
}

void ShadowRunner::submit(ShadowCopy copy) {
  const size_t bytes = bytes_of(copy.inputs) + bytes_of(copy.outputs);
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostCopies || bytes_ + bytes > kMostBytes) {
    return copy.statistics->ended(ShadowEnd::kDropped);
  }
  bytes_ += bytes;
  waiting_.push_back(std::move(copy));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void ShadowRunner::wait_until_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !computing_; });
}

void ShadowRunner::run() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
  at::init_num_threads();
  at::set_num_threads(1);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    {
      const ShadowCopy copy = std::move(waiting_.front());
      waiting_.pop_front();
      bytes_ -= bytes_of(copy.inputs) + bytes_of(copy.outputs);
      computing_ = true;
      lock.unlock();
      compute(copy);
    }
    lock.lock();
    computing_ = false;
    changed_.notify_all();
  }
}

void ShadowRunner::compute(const ShadowCopy& copy) {
  if (copy.busy && copy.busy->waiting() > 0) {
    return copy.statistics->ended(ShadowEnd::kDropped);
  }
  try {
    const auto start = ServeClock::now();
    copy.session->check(copy.inputs);
    const std::vector<at::Tensor> outputs = copy.session->infer(copy.inputs);
    copy.statistics->compute.add(ServeClock::now() - start);
    copy.statistics->ended(compare_outputs(copy.outputs, outputs));
  } catch (const std::exception&) {
    copy.statistics->ended(ShadowEnd::kFailed);
  }
}

std::shared_ptr<QueuedInference> with_shadow(std::shared_ptr<QueuedInference> real, ShadowCopy copy,
                                             ShadowRunner& runner) {
  return std::make_shared<Shadowed>(std::move(real), std::move(copy), runner);
}

}  // namespace maas
