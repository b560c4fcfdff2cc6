#include "predict_samples.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <future>

#include "base/files.h"
#include "base/throw_error.h"
#include "data/byte_stream.h"
#include "evaluate/evaluate.h"
#include "json_documents.h"
#include "row_progress.h"
#include "run/plan.h"
#include "sample/image_format.h"
#include "sample/raw_input.h"
#include "sample/table_stream.h"
#include "sample/text_pieces.h"
#include "sample/written_form.h"
#include "signals.h"
#include "table_sample.h"
#include "unanswered.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostJsonBytes = size_t{1} << 32;
constexpr size_t kMostWarnings = 20;  // of an input

std::string ending_of(const std::string& path) { return fs::path(path).extension().string(); }

bool is_json_name(const std::string& path) { return ending_of(path) == ".json"; }
bool is_json_lines_name(const std::string& path) {
  return ending_of(path) == ".jsonl" || ending_of(path) == ".ndjson";
}

std::string rest_of(ByteStream& stream) {
  std::string text;
  while (true) {
    const size_t had = text.size();
    text.resize(had + std::max<size_t>(had, size_t{1} << 16));
    const size_t more = stream.read(text.data() + had, text.size() - had);
    text.resize(had + more);
    if (more == 0) return text;
    if (text.size() > kMostJsonBytes) {
      throw_input(stream.name(), fmt::format("holds more than {} bytes", kMostJsonBytes),
                  "less, as all of it is read before the first answer", "give rows as CSV");
    }
  }
}

// The images or texts below a folder, in the order of their names.
std::vector<std::string> files_below(const std::string& folder,
                                     const std::function<bool(const fs::path&)>& takes,
                                     const std::string& kind, const std::string& expected) {
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && takes(entry.path())) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    throw_input(folder, "holds no " + kind, expected, fmt::format("name a folder with {}s", kind));
  }
  return found;
}

class Samples {
 public:
  Samples(const SampleRun& run, const WriteAnswers& write, const Output& output)
      : run_(run),
        write_(write),
        output_(output),
        spec_(run.model.manifest.data->input),
        task_(run.model.manifest.data->task),
        form_(output_form_of(run.model.program, task_.kind)),
        plan_(Plan::compile(run.model.program, {.plan_for = PlanFor::kInference})),
        progress_(output) {}

  AnsweredSamples answer_all() {
    for (const std::string& input : run_.inputs) answer_input(input);
    progress_.clear();
    if (unread_count_ > static_cast<int64_t>(unread_.size())) {
      unread_.push_back(
          {.where = run_.model_path,
           .what = fmt::format("{} of {} images could not be read, of which {} are "
                               "shown",
                               unread_count_, unread_count_ + rows_, unread_.size())});
    }
    if (rows_ == 0 && !unread_.empty()) throw Error(ErrorKind::kInput, unread_);
    unanswered_.tell(run_.model_path, output_);
    return {rows_, std::move(unread_)};
  }

 private:
  void answer_input(const std::string& input) {
    if (spec_.kind == InputKind::kImage && input != "-") {
      std::error_code ignored;
      if (fs::is_directory(input, ignored)) {
        const auto images = files_below(input, has_image_extension, "image",
                                        fmt::format("files of {}", image_format_names()));
        for (const std::string& image : images) answer_image(image);
        return;
      }
      if (!is_json_name(input) && !is_json_lines_name(input)) return answer_image(input);
    }
    if (spec_.is_one_text() && input != "-") {
      std::error_code ignored;
      if (fs::is_directory(input, ignored)) {
        const auto texts = files_below(input, has_text_extension, "text", ".txt files");
        for (const std::string& text : texts) answer_text(text);
        return;
      }
      if (has_text_extension(input)) return answer_text(input);
    }
    ByteStream stream(input);
    const bool from_stdin = input == "-";
    constexpr size_t kMostHeader = size_t{1} << 16;
    const std::string line = from_stdin ? stream.first_line(kMostHeader) : "";
    const bool json = is_json_name(input) || is_json_lines_name(input) ||
                      (from_stdin && (spec_.kind == InputKind::kImage || begins_json(line)));
    if (!json && from_stdin && spec_.is_one_text() && !is_csv_header(line, stream.name())) {
      return answer_lines(stream);
    }
    if (!json) return answer_csv(input, stream);
    const std::string text = rest_of(stream);
    if (spec_.kind == InputKind::kImage && image_format_of(text) != nullptr) {
      return answer(decode_image(text, stream.name(), spec_), {.input = stream.name()});
    }
    answer_json(text, stream.name());
  }

  // One that cannot be read is told of when the others have their answers.
  void answer_image(const std::string& path) {
    std::vector<at::Tensor> inputs;
    try {
      inputs = decode_image_file(path, spec_);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      ++unread_count_;
      if (unread_.size() < kMostWarnings) unread_.push_back(error.first());
      return;
    }
    answer(inputs, {.input = path, .is_alone = true});
    progress_.show(path, rows_, {});
  }

  void answer_text(const std::string& path) {
    std::vector<std::string> warnings;
    answer(decode_text(read_file(path, kMostTextBytes), path, spec_, &warnings),
           {.input = path, .is_alone = true});
    tell(warnings);
    progress_.show(path, rows_, {});
  }

  // Whether the line holds the names of columns, the model's only one among them.
  bool is_csv_header(const std::string& line, const std::string& name) const {
    try {
      const CsvTable table = read_csv(line, name, spec_.format);
      for (int64_t c = 0; table.rows() > 0 && c < table.columns(); ++c) {
        if (table.at(0, c) == spec_.columns[0].name) return true;
      }
    } catch (const Error&) {  // a sentence with quotes
    }
    return false;
  }

  // Whether stdin holds JSON: of texts, some begin with a bracket.
  bool begins_json(const std::string& line) const {
    if (line.empty()) return false;
    const size_t first = line.find_first_not_of(" \t\r\n");
    if (!spec_.is_one_text())
      return first == std::string::npos || line[first] == '{' || line[first] == '[';
    if (first == std::string::npos || (line[first] != '{' && line[first] != '[')) return false;
    const size_t second = line.find_first_not_of(" \t\r\n", first + 1);
    if (second == std::string::npos) return true;
    const std::string_view follows = line[first] == '{' ? "\"}" : "\"{[]";
    return follows.find(line[second]) != std::string_view::npos;
  }

  // A text a line.
  void answer_lines(ByteStream& stream) try {
    constexpr int64_t kLinesAtOnce = 256;
    constexpr size_t kStep = size_t{1} << 16;
    std::vector<std::string> warnings;
    std::string text;
    int64_t line = 0;
    for (bool ended = false; !ended;) {
      const size_t had = text.size();
      text.resize(had + kStep);
      const size_t more = stream.read(text.data() + had, kStep);
      text.resize(had + more);
      ended = more == 0;
      if (!ended && text.size() < static_cast<size_t>(kMostTextBytes) &&
          std::count(text.begin(), text.end(), '\n') < kLinesAtOnce) {
        continue;
      }
      const size_t end = ended ? text.size() : text.rfind('\n') + 1;
      if (end == 0 && !ended) {
        throw_input(fmt::format("{}:{}", stream.name(), line + 1),
                    fmt::format("a text of more than {} bytes", text.size()),
                    fmt::format("at most {}", kMostTextBytes), "cut it, or split it into several");
      }
      line += answer_whole_lines(text.substr(0, end), {stream.name(), line, ended}, warnings);
      text.erase(0, end);
    }
    if (line == 0)
      throw_input(stream.name(), "holds no text", "a text a line, or rows as CSV or JSON",
                  "give one");
    tell(warnings);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw_stopped(stream.name());
    throw;
  }

  struct LinesPlace {
    const std::string& name;
    int64_t first = 0;
    bool are_last = false;
  };
  // How many lines were answered: blank ones at the very end are none.
  int64_t answer_whole_lines(const std::string& text, const LinesPlace& place,
                             std::vector<std::string>& warnings) {
    if (place.are_last && text.find_first_not_of(" \t\r\n") == std::string::npos) return 0;
    const auto inputs = decode_text_lines(text, place.name, spec_, place.first + 1, &warnings);
    answer(inputs, {.input = place.name, .first_row = place.first});
    progress_.show(place.name, rows_, {});
    return inputs.at(0).size(0);
  }

  void answer_json(const std::string& text, const std::string& name) {
    const std::vector<JsonDocument> documents = split_documents(text);
    std::vector<std::string> warnings;
    int64_t row = 0;
    for (const JsonDocument& document : documents) {
      const std::string place =
          documents.size() == 1 ? name : fmt::format("{}:{}", name, document.line);
      const auto inputs = decode_json(document.text, place, spec_, &warnings);
      const int64_t rows = inputs.at(0).size(0);
      answer(inputs,
             {.input = name, .first_row = row, .is_alone = documents.size() == 1 && rows == 1});
      row += rows;
      progress_.show(name, row, {});
    }
    if (documents.empty()) refuse_nothing(name);
    tell(warnings);
  }

  [[noreturn]] void refuse_nothing(const std::string& name) const {
    const bool is_table = spec_.kind == InputKind::kTable;
    throw_input(name, "holds nothing but blanks",
                is_table ? "rows as CSV below the columns' names, or as JSON: {column: value}"
                         : "an image file, or pixels as JSON",
                "give one");
  }

  [[noreturn]] void throw_stopped(const std::string& where) const {
    throw Error(ErrorKind::kInterrupted, {.where = where,
                                          .what = fmt::format("stopped after {} rows", rows_),
                                          .expected = "",
                                          .fix = "start it again"});
  }

  void answer_csv(const std::string& input, ByteStream& stream) try {
    if (spec_.kind == InputKind::kImage) decode_csv("", stream.name(), spec_);  // says it is none
    InputSpec spec = spec_;
    if (const auto form = other_form(start_of_table(input, stream), spec_)) {
      spec.format = *form;
      tell({stream.name() + ": " + tell_other_form(*form, spec_.format)});
    }
    TableStream table(CsvStream([&](char* to, size_t size) { return stream.read(to, size); },
                                stream.name(), spec.format, stream_options(spec)),
                      stream.name(), spec);
    answer_pieces(stream, table);
    tell(table.warnings());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw_stopped(stream.name());
    throw;
  }

  // One piece is answered while the next is read; before a fault is told, the rows in front of it
  // are answered.
  void answer_pieces(ByteStream& stream, TableStream& table) {
    std::future<void> answering;
    const auto finish = [&] {
      if (answering.valid()) answering.get();
    };
    try {
      while (auto piece = table.next()) {
        finish();
        if (rows_ > 0) {
          progress_.show(stream.name(), piece->first_row,
                         {stream.read_bytes(), stream.size_bytes()});
        }
        const bool is_alone = table.rows() == 1 && table.at_end();
        answering = beside([this, &stream, is_alone, piece = std::move(*piece)] {
          answer(piece.inputs, {.input = stream.name(),
                                .first_row = piece.first_row,
                                .is_alone = is_alone,
                                .cells = &piece.grid});
        });
      }
    } catch (const Error&) {
      finish();
      throw;
    }
    finish();
  }

  // In a thread of its own, where there may be several. Signals stay with this one, whose reading
  // they end.
  static std::future<void> beside(std::function<void()> act) {
    const int threads = at::get_num_threads();
    if (threads == 1) return std::async(std::launch::deferred, std::move(act));
    const BlockedSignals blocked;
    return std::async(std::launch::async, [threads, act = std::move(act)] {
      at::set_num_threads(threads);
      act();
    });
  }

  void answer(const std::vector<at::Tensor>& inputs, const AnswerRows& rows) {
    if (run_.signal.load(std::memory_order_relaxed) != 0) {
      throw_stopped(rows.input);
    }
    // A piece of a file has more rows than the caches hold of a network's activations.
    constexpr int64_t kRowsAtOnce = 512;
    const int64_t count = inputs.at(0).size(0);
    // One piece of memory for all: small ones that stay between the large ones that come and go
    // would make the heap grow with every part.
    at::Tensor all;
    for (int64_t at = 0; at < count; at += kRowsAtOnce) {
      std::vector<at::Tensor> part;
      part.reserve(inputs.size());
      for (const at::Tensor& input : inputs) {
        part.push_back(input.narrow(0, at, std::min(kRowsAtOnce, count - at)));
      }
      const at::Tensor output = plan_->run(part).at(0);
      if (!all.defined()) {
        std::vector<int64_t> sizes = output.sizes().vec();
        sizes[0] = count;
        all = at::empty(sizes, output.options());
      }
      all.narrow(0, at, output.size(0)).copy_(output);
    }
    const JudgedOutputs judged =
        judge_outputs(all.dim() == 1 ? all.unsqueeze(1) : all, task_.kind, form_);
    const auto broken = std::count(judged.is_answer.begin(), judged.is_answer.end(), 0);
    unanswered_.add(count, broken);
    rows_ += count;
    write_(judged, rows);
  }

  void tell(const std::vector<std::string>& warnings) {
    if (warnings.empty()) return;
    progress_.clear();
    for (size_t i = 0; i < std::min(warnings.size(), kMostWarnings); ++i) output_.warn(warnings[i]);
    if (warnings.size() > kMostWarnings) {
      output_.warn(fmt::format("and {} more of this kind", warnings.size() - kMostWarnings));
    }
  }

  const SampleRun& run_;
  const WriteAnswers& write_;
  const Output& output_;
  const InputSpec& spec_;
  const TaskSpec& task_;
  OutputForm form_;
  std::shared_ptr<const Plan> plan_;
  RowProgress progress_;
  Unanswered unanswered_{"they have no answer"};
  int64_t rows_ = 0;
  std::vector<Problem> unread_;  // of images, the first ones
  int64_t unread_count_ = 0;
};

}  // namespace

AnsweredSamples predict_samples(const SampleRun& run, const WriteAnswers& write,
                                const Output& output) {
  return Samples(run, write, output).answer_all();
}

}  // namespace maas
