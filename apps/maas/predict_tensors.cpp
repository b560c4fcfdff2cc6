#include "predict_tensors.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <iostream>
#include <iterator>

#include "base/error.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "call/infer.h"
#include "json_documents.h"
#include "sample/image_format.h"
#include "serve/nested_lists.h"
#include "serve/oip/messages.h"
#include "serve/plan_session.h"
#include "tensor/short_reason.h"
#include "unanswered.h"

namespace maas {
namespace {

using simdjson::dom::element;

bool is_request(element root) {
  simdjson::dom::object object;
  simdjson::dom::array list;
  return root.get(object) == simdjson::SUCCESS &&
         object.at_key("inputs").get(list) == simdjson::SUCCESS && list.begin() != list.end() &&
         (*list.begin()).is_object();
}

InferRequest parse_document(const JsonDocument& document, const SessionInfo& info) {
  simdjson::dom::parser parser;
  element root;
  if (parser.allocate(document.text.size(), 64) == simdjson::SUCCESS &&
      parser.parse(document.text.data(), document.text.size(), false).get(root) ==
          simdjson::SUCCESS) {
    // For everything else the protocol's reader takes a request and explains the rest.
    auto inputs = is_request(root) ? std::nullopt : tensors_from_lists(root, info);
    if (inputs) {
      InferRequest request;
      request.inputs = std::move(*inputs);
      for (size_t i = 0; i < info.outputs.size(); ++i) request.outputs.push_back({i, 0});
      return request;
    }
  }
  InferRequest request = parse_infer_request(document.text, info, {});
  for (WantedOutput& output : request.outputs) output.binary = false;  // a line of text is printed
  return request;
}

// Says which document it was, and where to look.
[[noreturn]] void explain(const Problem& found, const std::string& place,
                          const std::string& model_path) {
  Problem problem = found;
  problem.where = problem.where == "body" ? place : place + ": " + problem.where;
  if (problem.fix.empty()) {
    problem.fix = fmt::format(
        "`maas inspect {}` shows the inputs; for the form see `maas help predict`", model_path);
  }
  throw Error(ErrorKind::kInput, problem);
}

void refuse_image(const std::string& bytes, const std::string& name,
                  const std::string& model_path) {
  const ImageFormat* format = image_format_of(bytes);
  if (format == nullptr) return;
  throw_input(name,
              fmt::format("is a {} image, and {} does not say how an image becomes its input",
                          format->name, model_path),
              "the tensors of its inputs as JSON",
              fmt::format("`maas help predict` shows the form; a model that maas trains takes "
                          "images: maas train CONFIG model.from={}",
                          model_path));
}

struct Answer {
  std::string text;
  std::vector<at::Tensor> outputs;
};

Answer answer(const JsonDocument& document, const std::string& place, const std::string& model_path,
              const Session& session) {
  try {
    const InferRequest request = parse_document(document, session.info());
    std::vector<at::Tensor> outputs = session.infer(request.inputs);
    return {infer_answer(session.info(), request, outputs).body, std::move(outputs)};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    explain(error.first(), place, model_path);
  } catch (const c10::Error& error) {
    // Every operator was checked with the model's own sizes: it is this input that does not fit.
    explain({.where = "body",
             .what = short_reason(error),
             .expected = "values and sizes that the model was made for",
             .fix = ""},
            place, model_path);
  }
}

}  // namespace

void predict_tensors(const Model& model, const std::string& model_path,
                     const std::vector<std::string>& inputs, const Output& output) {
  at::set_num_threads(1);
  const std::string name = model.name_or_stem(model_path);
  const auto session = make_plan_session(model, {.name = is_model_name(name) ? name : "model"});
  Unanswered unanswered("they have no answer");
  for (const std::string& input : inputs) {
    const std::string name_of_input = input == "-" ? "stdin" : input;
    const std::string text =
        input == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(input);
    refuse_image(text, name_of_input, model_path);
    const std::vector<JsonDocument> documents = split_documents(text);
    if (documents.empty()) {
      explain({.where = "body", .what = "is empty", .expected = "JSON", .fix = ""}, name_of_input,
              model_path);
    }
    for (const JsonDocument& document : documents) {
      const std::string place = fmt::format("{}:{}", name_of_input, document.line);
      const auto [line, outputs] = answer(document, place, model_path, *session);
      for (const at::Tensor& tensor : outputs) unanswered.count(tensor);
      JsonWriter json;
      json.begin_object().field("input", place).end_object();
      std::string head = json.take();
      head.pop_back();
      output.result(head + "," + line.substr(1));
    }
  }
  unanswered.tell(model_path, output);
}

std::vector<at::Tensor> read_tensors(const Model& model, const std::string& model_path,
                                     const std::string& path) {
  const auto session = make_plan_session(model, {.name = "model"});
  const std::vector<JsonDocument> documents = split_documents(read_file(path));
  const std::string place = fmt::format("{}:{}", path, documents.empty() ? 1 : documents[0].line);
  try {
    return parse_document(documents.empty() ? JsonDocument() : documents[0], session->info())
        .inputs;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    explain(error.first(), place, model_path);
  }
}

}  // namespace maas
