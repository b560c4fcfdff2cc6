#include "model/portable_config.h"

#include "model/small_model.h"

namespace maas {
namespace {

using testing::HasSubstr;

TEST(PortableConfig, SeesAbsolutePathsFromTheFolder) {
  EXPECT_EQ(portable_config("name: x\noutput_dir: /srv/p/runs/x\ndata:\n  type: csv\n  train:\n"
                            "    path: /srv/p/data/x.csv\n  test:\n    path: /data/y.csv\n"
                            "  delimiter: /\nmodel:\n  from: \"/srv/p/a: b.pt\"\n",
                            "/srv/p/runs/x"),
            "name: x\ndata:\n  type: csv\n  train:\n"
            "    path: \"../../data/x.csv\"\n  test:\n    path: y.csv\n"
            "  delimiter: /\nmodel:\n  from: \"../../a: b.pt\"\n");
}

TEST(PortableConfig, LeavesOtherTextsAlone) {
  for (const char* text : {"", "hello", "a: 1", "data: {train: {path: /a/b}}", "x: [",
                           "- path: b\n", "data:\n  train:\n    path: ../../x.csv\n"}) {
    EXPECT_EQ(portable_config(text, "/srv/p"), text);
  }
}

TEST_F(ModelFile, SaysFromItsFolderWhereItsConfigCountsFrom) {
  Model model = small_model();
  model.config_folder = scratch_.path("runs/pets");
  save(model);
  const Model loaded = load_model(path_);
  EXPECT_EQ(loaded.manifest.config_folder, "runs/pets");
  EXPECT_EQ(loaded.config_folder, scratch_.path("runs/pets"));
  std::filesystem::create_directories(scratch_.path("runs/pets"));
  save_model(loaded, scratch_.path("runs/pets/again.pt"));
  const Model again = load_model(scratch_.path("runs/pets/again.pt"));
  EXPECT_EQ(again.manifest.config_folder, "");
  EXPECT_EQ(again.config_folder, scratch_.path("runs/pets/"));
}

TEST_F(ModelFile, ForgetsAFolderThatWouldTellOfTheMachine) {
  Model model = small_model();
  model.config_folder = "/elsewhere/runs";
  save(model);
  EXPECT_EQ(load_model(path_).manifest.config_folder, "");
  EXPECT_EQ(bytes().find("elsewhere"), std::string::npos);
}

TEST(Manifest, RefusesAnAbsoluteFolderOfItsConfig) {
  Manifest manifest;
  manifest.config_folder = "/etc";
  EXPECT_THAT(error_of([&] { manifest_from_json(manifest_to_json(manifest), "m.pt"); }),
              HasSubstr("m.pt: config_folder '/etc'; expected a relative path"));
}

}  // namespace
}  // namespace maas
