#include "http/api_keys.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/files.h"
#include "base/throw_error.h"
#include "config/read_config.h"
#include "http/head.h"

namespace maas {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kDigestDigits = 64;
constexpr size_t kLongestKey = 256;
constexpr size_t kRandomBytes = 32;

const char* text_of(RouteScope scope) {
  switch (scope) {
    case RouteScope::kInfer:
      return "infer";
    case RouteScope::kMetrics:
      return "metrics";
    case RouteScope::kAdmin:
      return "admin";
    case RouteScope::kPublic:
      break;
  }
  return "public";
}

std::string_view bearer_key(const HttpExchange& exchange) {
  constexpr std::string_view kBearer = "Bearer ";
  const auto header = exchange.header("Authorization");
  if (!header || header->size() <= kBearer.size()) return {};
  if (!same_ignoring_case(header->substr(0, kBearer.size()), kBearer)) return {};
  return header->substr(kBearer.size());
}

HttpRefusal unauthorized(const char* message) {
  HttpRefusal refusal{401, message};
  refusal.headers.others.emplace_back("WWW-Authenticate", "Bearer");
  return refusal;
}

}  // namespace

void ApiKeyConfig::describe(Fields& field) {
  field("name", name).required().doc("who has the key: for the log");
  field("sha256", sha256).required().doc("SHA-256 of the key, 64 hex digits; `maas key` writes it");
  field("scopes", scopes)
      .required()
      .doc("what it is good for: infer (and what models take), metrics, admin (everything)");
  field("rate", rate).between(0, 1e9).doc("requests a second, as many at once; 0 = any");
}

void ApiKeysFile::describe(Fields& field) {
  field("keys", keys).required().doc("API keys of a server");
}

namespace {

ApiKeysFile checked(ApiKeysFile file, const std::string& where) {
  if (file.keys.empty()) {
    throw_usage(where, "holds no keys", "at least one", "`maas key NAME --file " + where + "`");
  }
  std::set<std::string> seen;
  for (ApiKeyConfig& key : file.keys) {
    std::transform(key.sha256.begin(), key.sha256.end(), key.sha256.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool hex = key.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (key.sha256.size() != kDigestDigits || !hex) {
      throw_usage(where, fmt::format("the sha256 of key '{}' is no digest", key.name),
                  "64 hex digits", "`maas key` writes it");
    }
    for (const std::string& scope : key.scopes) {
      if (scope == "infer" || scope == "metrics" || scope == "admin") continue;
      throw_usage(where, fmt::format("key '{}' has scope '{}'", key.name, scope),
                  "infer, metrics or admin", "name one of them");
    }
    if (!seen.insert("name " + key.name).second || !seen.insert("key " + key.sha256).second) {
      throw_usage(where, fmt::format("key '{}' is there twice", key.name),
                  "each name and each key once", "remove one");
    }
  }
  return file;
}

}  // namespace

ApiKeysFile read_api_keys(const std::filesystem::path& path) {
  return checked(read_config<ApiKeysFile>({.file = path}), path.string());
}

ApiKeysFile parse_api_keys(const std::string& text, const std::string& name) {
  return checked(read_config<ApiKeysFile>({.text = text, .text_name = name}), name);
}

std::string new_api_key() {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  unsigned char bytes[kRandomBytes];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    throw Error(
        ErrorKind::kResources,
        Problem{
            .where = "key", .what = "the system gave no random bytes", .expected = "", .fix = ""});
  }
  std::string text = "maas_";
  uint32_t held = 0;
  int bits = 0;
  for (const unsigned char byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) text += kDigits[held >> (bits - 6) & 63];
  }
  text += kDigits[held << (6 - bits) & 63];
  return text;
}

// A bucket of as many tokens as the rate, filled as time goes.
struct ApiKeys::Key {
  explicit Key(ApiKeyConfig given) : config(std::move(given)), tokens(std::max(1.0, config.rate)) {}

  bool has(RouteScope scope) const {
    const auto named = [&](const char* name) {
      return std::find(config.scopes.begin(), config.scopes.end(), name) != config.scopes.end();
    };
    return named(text_of(scope)) || named("admin");
  }

  // How long to wait, in seconds; 0 = it may go on.
  double take() {
    if (config.rate <= 0) return 0;
    const std::lock_guard lock(mutex);
    const auto now = Clock::now();
    const double elapsed = std::chrono::duration<double>(now - filled).count();
    tokens = std::min(std::max(1.0, config.rate), tokens + elapsed * config.rate);
    filled = now;
    if (tokens < 1) return (1 - tokens) / config.rate;
    tokens -= 1;
    return 0;
  }

  ApiKeyConfig config;
  std::mutex mutex;
  double tokens;
  Clock::time_point filled = Clock::now();
};

ApiKeys::ApiKeys(ApiKeysFile file) { replace(std::move(file)); }
ApiKeys::~ApiKeys() = default;

void ApiKeys::replace(ApiKeysFile file) {
  const std::lock_guard lock(mutex_);
  auto keys = std::make_shared<Keys>();
  for (ApiKeyConfig& config : file.keys) {
    std::shared_ptr<Key> same;
    for (const auto& key : keys_ ? *keys_ : Keys()) {
      const ApiKeyConfig& old = key->config;
      if (old.sha256 == config.sha256 && old.scopes == config.scopes && old.rate == config.rate) {
        same = key;
      }
    }
    keys->push_back(same ? same : std::make_shared<Key>(std::move(config)));
  }
  keys_ = std::move(keys);
}

std::shared_ptr<ApiKeys::Key> ApiKeys::find(std::string_view key) const {
  std::shared_ptr<const Keys> keys;
  {
    const std::lock_guard lock(mutex_);
    keys = keys_;
  }
  const std::string digest = sha256_hex(key);
  std::shared_ptr<Key> found;
  for (const auto& known : *keys) {
    if (CRYPTO_memcmp(digest.data(), known->config.sha256.data(), kDigestDigits) == 0) {
      found = known;
    }
  }
  return found;
}

HttpRefusal ApiKeys::judge(const HttpExchange& exchange, RouteScope scope, std::string* client) {
  if (scope == RouteScope::kPublic) return {};
  const std::string_view bearer = bearer_key(exchange);
  const std::string_view plain = exchange.header("X-Api-Key").value_or("");
  // Whom it is for is not ours to choose.
  if (!plain.empty() && !bearer.empty() && plain != bearer) {
    return {400, "X-Api-Key and Authorization show different keys; send one"};
  }
  const std::string_view shown = plain.empty() ? bearer : plain;
  if (shown.empty()) {
    return unauthorized("a key is needed: Authorization: Bearer KEY, or X-Api-Key: KEY");
  }
  const auto key = shown.size() <= kLongestKey ? find(shown) : nullptr;
  if (!key) return unauthorized("this key is not known here");
  if (client != nullptr) *client = key->config.name;
  if (!key->has(scope)) {
    return {403,
            fmt::format("this key is not good for this: it lacks the scope '{}'", text_of(scope))};
  }
  const double wait = key->take();
  if (wait <= 0) return {};
  return {429,
          "this key asks more often than it may; try again later",
          {.retry_after_seconds = std::max(1, static_cast<int>(std::ceil(wait)))}};
}

}  // namespace maas
