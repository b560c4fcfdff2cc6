#include <fmt/format.h>
#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>
#include <memory>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

// libpng leaves through longjmp on errors. Everything that a jump passes is plain data; what owns
// memory lives in PngReader, outside of the functions that set the jump.
class PngReader {
 public:
  explicit PngReader(std::string_view bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    MAAS_CHECK(png_ != nullptr);
    info_ = png_create_info_struct(png_);
    MAAS_CHECK(info_ != nullptr);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  // False on an error, which message() tells.
  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, on_read);
    // Compressed text and profiles may expand to gigabytes; nothing here needs them.
    png_set_chunk_malloc_max(png_, 4 << 20);
    png_set_chunk_cache_max(png_, 64);
    png_set_user_limits(png_, 1 << 26, 1 << 26);
    png_read_info(png_, info_);
    return true;
  }

  bool start_rows() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool read_rows(unsigned char* pixels, size_t row_bytes) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    for (int pass = 0; pass < passes_; ++pass) {
      for (png_uint_32 y = 0; y < height(); ++y)
        png_read_row(png_, pixels + y * row_bytes, nullptr);
    }
    png_read_end(png_, nullptr);
    return true;
  }

  png_uint_32 width() const { return png_get_image_width(png_, info_); }
  png_uint_32 height() const { return png_get_image_height(png_, info_); }
  int channels() const { return png_get_channels(png_, info_); }
  size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  const char* message() const { return message_.data(); }

 private:
  static PngReader* self(png_structp png) {
    return static_cast<PngReader*>(png_get_error_ptr(png));
  }
  static void on_error(png_structp png, png_const_charp message) {
    std::strncpy(self(png)->message_.data(), message, self(png)->message_.size() - 1);
    png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static void on_read(png_structp png, png_bytep out, size_t count) {
    PngReader* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (reader->rest_.size() < count) png_error(png, "the file ends early");
    std::memcpy(out, reader->rest_.data(), count);
    reader->rest_.remove_prefix(count);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view rest_;
  int passes_ = 1;
  std::array<char, 128> message_{};
};

[[noreturn]] void fail(const std::string& name, const PngReader& reader) {
  throw_input(name, fmt::format("the PNG cannot be decoded: {}", reader.message()),
              "a complete PNG", "save the image anew");
}

}  // namespace

at::Tensor decode_png(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options) {
  PngReader reader(bytes);
  if (!reader.read_header()) fail(name, reader);
  check_image_size(reader.width(), reader.height(), name);
  if (!reader.start_rows()) fail(name, reader);
  const int channels = reader.channels();
  const size_t row_bytes = reader.row_bytes();
  if ((channels != 1 && channels != 3) || row_bytes != size_t{reader.width()} * channels) {
    throw_input(name, fmt::format("the PNG has {} channels", channels), "grey or colour",
                "save the image anew");
  }
  const auto pixels = std::make_unique_for_overwrite<unsigned char[]>(row_bytes * reader.height());
  if (!reader.read_rows(pixels.get(), row_bytes)) fail(name, reader);
  return to_planes({pixels.get(), reader.height(), reader.width(), channels}, options.channels);
}

}  // namespace maas
