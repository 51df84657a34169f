// Trains from a configuration without the rest of the program: train_perception CONFIG.json BODY.tbm
#include <csignal>
#include <cstdio>
#include <exception>
#include <stop_token>

#include "tactus/io/body_files.h"
#include "tactus/perception/train.h"

namespace {
std::stop_source stopping;
}

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: train_perception CONFIG.json BODY.tbm\n");
    return 2;
  }
  std::signal(SIGINT, [](int) { stopping.request_stop(); });
  std::signal(SIGTERM, [](int) { stopping.request_stop(); });
  try {
    const auto options = tactus::perception::read_train_options(arguments[1]);
    const auto model = std::make_shared<const tactus::body::BodyModel>(tactus::io::read_body_model(arguments[2]));
    const tactus::Progress progress({}, stopping.get_token());
    double told = -1e9;
    const auto report = tactus::perception::train(options, model, progress, [&](const tactus::perception::TrainStatus& status) {
      std::timespec now{};
      std::timespec_get(&now, TIME_UTC);
      const double seconds = static_cast<double>(now.tv_sec);
      if (status.scores.empty() && seconds - told < 10) return;
      told = seconds;
      std::printf("%s %lld/%lld  loss %.4f  %.1f/s  %.0f s left  %s\n", status.stage.c_str(), static_cast<long long>(status.step),
                  static_cast<long long>(status.steps), status.loss, status.per_second, status.seconds_left, status.curve.c_str());
      for (const auto& [name, value] : status.scores) std::printf("  %s %.4f\n", name.c_str(), value);
      std::fflush(stdout);
    });
    std::printf("%lld pictures, %lld steps, %.1f s of pictures, %.1f s of training, %.1f pictures/s, %lld parameters\n",
                static_cast<long long>(report.prompts), static_cast<long long>(report.steps),
                report.generation_seconds, report.training_seconds, report.prompts_per_second, static_cast<long long>(report.parameters));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
