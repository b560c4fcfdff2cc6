// Who may ask for what: API keys, their scopes and rates.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields.h"
#include "http/exchange.h"
#include "http/router.h"

namespace maas {

// One entry of a file of keys. The key itself is in no file: only its digest.
struct ApiKeyConfig {
  std::string name;                 // who has it: for the log
  std::string sha256;               // of the key, 64 hex digits
  std::vector<std::string> scopes;  // infer, metrics, admin
  double rate = 0;                  // requests a second, as many at once; 0 = any

  void describe(Fields& field);
};

struct ApiKeysFile {
  std::vector<ApiKeyConfig> keys;
  void describe(Fields& field);
};

// Throws what read_config() does, and Error{kUsage} for two keys of one name or digest and for a
// file without keys.
ApiKeysFile read_api_keys(const std::filesystem::path& path);
// The same of text that is to become the file `name`.
ApiKeysFile parse_api_keys(const std::string& text, const std::string& name);

// 32 random bytes as text: "maas_" and 43 characters of base64url.
std::string new_api_key();

// Thread-safe. Keys are random and long, so that their plain SHA-256 gives nothing away; it is
// compared with every known one in constant time.
class ApiKeys {
 public:
  explicit ApiKeys(ApiKeysFile file);
  ~ApiKeys();
  ApiKeys(const ApiKeys&) = delete;
  ApiKeys& operator=(const ApiKeys&) = delete;

  // In place of those before. The rate of a key that stays goes on.
  void replace(ApiKeysFile file);

  // For a request with the header "Authorization: Bearer KEY" or "X-Api-Key: KEY": 400 for two
  // different keys, 401 without a known one, 403 when it lacks the scope, 429 above its rate (with
  // Retry-After), else nothing. kPublic needs no key; admin may do everything. `client` gets the
  // key's name.
  HttpRefusal judge(const HttpExchange& exchange, RouteScope scope, std::string* client = nullptr);

 private:
  struct Key;
  using Keys = std::vector<std::shared_ptr<Key>>;
  std::shared_ptr<Key> find(std::string_view key) const;

  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace maas
