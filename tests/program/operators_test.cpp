#include "program/operators.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <gtest/gtest.h>

#include <set>

#include "call/expert_operators.h"
#include "call/size_arithmetic.h"
#include "call/vision_operators.h"

namespace maas {
namespace {

TEST(Operators, OnTheListExistInThisLibtorch) {
  register_vision_operators();
  register_expert_operators();
  std::set<std::string> known;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    known.insert(name.name);
  }
  for (const std::string& op : allowed_operators()) {
    const bool of_sizes = op.starts_with("_operator::") || op.starts_with("math::");
    const bool exists = of_sizes ? find_arithmetic(op) != nullptr : known.count(op) != 0;
    EXPECT_TRUE(exists) << op;
  }
}

TEST(Operators, ThatChangeTheirArgumentsAreNotOnTheList) {
  for (const std::string& op : allowed_operators()) EXPECT_EQ(pure_form(op), "") << op;
  for (const char* op : {"aten::relu_", "aten::set_", "aten::resize_", "aten::from_file",
                         "aten::_foobar", "aten::pin_memory", "prims::add", "higher_order::cond"}) {
    EXPECT_FALSE(is_allowed_operator(op)) << op;
  }
}

TEST(Operators, InPlaceHavePureForms) {
  EXPECT_EQ(pure_form("aten::relu_"), "aten::relu");
  EXPECT_EQ(pure_form("aten::__iand__"), "aten::__and__");
  EXPECT_EQ(pure_form("aten::relu"), "");
  EXPECT_EQ(pure_form("aten::__and__"), "");
  EXPECT_EQ(pure_form("aten::set_"), "");
  EXPECT_EQ(pure_form("mkldnn::relu_"), "");
}

}  // namespace
}  // namespace maas
