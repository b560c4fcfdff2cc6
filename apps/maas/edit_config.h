// Settings put into the text of a config, whose comments stay.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace maas {

// `text` with each "key=value" of `overrides` written where the key stands, or at the end of its
// section. `text` is as `maas init` writes: sections indented by two, or in flow style ({a: 1}) on
// one line. Throws Error{kUsage} for what is no setting or no value of it (as `maas train` does),
// and for a setting that cannot be written into this text.
// `folder`: where the config will lie; a relative path given elsewhere is such a setting, too.
std::string edit_config(std::string text, const std::vector<std::string>& overrides,
                        const std::filesystem::path& folder);

}  // namespace maas
