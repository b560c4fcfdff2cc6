// The JSON of a request, read with messages for the client. All functions throw Error{kInput};
// their `where` names the place as the client knows it ("input 'x', shape").
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maas {

// What a document of this text takes at most while it is read, with the tensors that are made of
// its numbers.
size_t json_reading_bytes(std::string_view text);

// A body being read, by the thread's own parser: its memory, several times the text's, is kept for
// the next request unless it is much. One at a time on a thread; what it gives out lives as long.
class RequestJson {
 public:
  // `text` has readable memory of at least 64 bytes behind it (http/wire.h).
  explicit RequestJson(std::string_view text);
  ~RequestJson();
  RequestJson(const RequestJson&) = delete;
  RequestJson& operator=(const RequestJson&) = delete;

  simdjson::dom::element root() const { return root_; }

 private:
  simdjson::dom::element root_;
};

// The members of an object. A name that occurs twice is refused, as parsers disagree which one
// counts; so are more than 256. Those that are null are as if they were not there.
class JsonMembers {
 public:
  JsonMembers() = default;
  JsonMembers(simdjson::dom::element object, const std::string& where);

  const simdjson::dom::element* find(std::string_view name) const;  // null: there is none
  std::string_view text(std::string_view name, const std::string& where) const;  // must be there

  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }

 private:
  std::vector<std::pair<std::string_view, simdjson::dom::element>> list_;
};

// The member `parameters`: its values are strings, numbers and booleans; those that this server
// does not know are for others.
JsonMembers parameters_of(const JsonMembers& members, const std::string& where);

std::string_view text_of(simdjson::dom::element value, const std::string& where);
// Of an array of at most 256.
std::vector<simdjson::dom::element> elements_of(simdjson::dom::element value,
                                                const std::string& where);

}  // namespace maas
