// The real binary, run as a user runs it, without a display.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/io/temporary_folder.h"

namespace convscope::testing_support {

struct Outcome {
  int status = -1;  // the exit status; -1 for an end by signal
  std::string out, err;
};

class Program : public TemporaryFolder {
 protected:
  /// Runs `convscope ARGS` in the test's folder; `environment` adds "NAME=VALUE".
  Outcome run(const std::vector<std::string>& args, const std::vector<std::string>& environment = {}) const {
    const std::string out_path = path(".stdout"), err_path = path(".stderr");
    const pid_t child = fork();
    if (child == 0) {
      if (chdir(folder_.c_str()) != 0) _exit(127);
      const int out = open(out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int err = open(err_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int in = open("/dev/null", O_RDONLY);
      dup2(in, 0);
      dup2(out, 1);
      dup2(err, 2);
      for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "LC_ALL", "LC_MESSAGES", "LANG"}) unsetenv(name);
      for (const std::string& variable : environment) putenv(const_cast<char*>(variable.c_str()));
      std::vector<char*> argv{const_cast<char*>("convscope")};
      for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
      argv.push_back(nullptr);
      execv(CONVSCOPE_BINARY, argv.data());
      _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    Outcome outcome;
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    outcome.out = get(".stdout");
    outcome.err = get(".stderr");
    std::filesystem::remove(out_path);
    std::filesystem::remove(err_path);
    return outcome;
  }

  /// Runs what must fail with `status`, one line on standard error and nothing on standard output; returns the line
  /// behind `convscope: error: `.
  std::string refusal(const std::vector<std::string>& args, int status,
                      const std::vector<std::string>& environment = {}) const {
    const Outcome outcome = run(args, environment);
    std::string line = "convscope";
    for (const std::string& arg : args) line += " " + arg;
    EXPECT_EQ(outcome.status, status) << line << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "") << line;
    const std::string start = "convscope: error: ";
    EXPECT_EQ(outcome.err.substr(0, start.size()), start) << line;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << line << "\n" << outcome.err;
    if (outcome.err.size() <= start.size()) return {};
    EXPECT_EQ(outcome.err.back(), '\n');
    return outcome.err.substr(start.size(), outcome.err.size() - start.size() - 1);
  }

  /// Runs what must succeed without a word on standard error; returns standard output.
  std::string success(const std::vector<std::string>& args, const std::vector<std::string>& environment = {}) const {
    const Outcome outcome = run(args, environment);
    std::string line = "convscope";
    for (const std::string& arg : args) line += " " + arg;
    EXPECT_EQ(outcome.status, 0) << line << "\n" << outcome.err;
    EXPECT_EQ(outcome.err, "") << line;
    return outcome.out;
  }
};

}  // namespace convscope::testing_support
