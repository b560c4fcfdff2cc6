#include "data/byte_stream.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <filesystem>

#include "base/files.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string all_of(const std::string& path, size_t at_once) {
  ByteStream stream(path);
  std::string text, part(at_once, ' ');
  while (const size_t count = stream.read(part.data(), part.size())) text.append(part, 0, count);
  EXPECT_EQ(stream.first_line(10), "");
  return text;
}

std::string gzipped(const Scratch& scratch, const std::string& name, const std::string& text) {
  const std::string path = scratch.write(name, "");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

TEST(ByteStream, ReadsFilesThatAreGzippedOrNot) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string plain = scratch.write("a.csv", text);
  EXPECT_EQ(all_of(plain, 1000), text);
  EXPECT_EQ(all_of(gzipped(scratch, "a.csv.gz", text), 1000), text);
  EXPECT_EQ(all_of(scratch.write("empty", ""), 10), "");
  ByteStream stream(plain);
  EXPECT_EQ(stream.first_line(1), "0\n");
  EXPECT_EQ(stream.size_bytes(), text.size());
}

TEST(ByteStream, NamesWhatCannotBeRead) {
  const Scratch scratch;
  const std::string path = gzipped(scratch, "a.gz", std::string(100000, 'x') + "yz");
  std::string bytes = read_file(path);
  scratch.write("cut.gz", bytes.substr(0, bytes.size() - 6));
  EXPECT_THAT(error_of([&] { all_of(scratch.path("cut.gz"), 100); }),
              testing::AllOf(HasSubstr("cut.gz"), HasSubstr("ends early")));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  scratch.write("bad.gz", bytes);
  EXPECT_THAT(error_of([&] { all_of(scratch.path("bad.gz"), 100); }),
              testing::AllOf(HasSubstr("bad.gz"), HasSubstr("damaged")));
  EXPECT_THAT(error_of([&] { ByteStream stream(scratch.path("ab.gz")); }),
              HasSubstr("did you mean"));
  EXPECT_THAT(error_of([&] { ByteStream stream(scratch.path("")); }), HasSubstr("is a folder"));
}

}  // namespace
}  // namespace maas
