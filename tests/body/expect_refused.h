// A refusal is an Error{bad_input} whose sentence says what is wrong.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tactus/error.h"

namespace tactus {

template <typename Action>
void expect_refused(const Action& action, const std::string& word) {
  try {
    action();
    FAIL() << "no error; expected one that says " << word;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input) << e.what();
    EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what() << "\nexpected: " << word;
  }
}

}  // namespace tactus
