// tactus: the command line. Exit status 0 done, 2 bad input, 3 could not run, 130 stopped by Ctrl+C (143 by SIGTERM).
#include <atomic>
#include <csignal>
#include <chrono>
#include <cstdio>
#include <exception>
#include <new>
#include <thread>

#include "commands.h"
#include "tactus/error.h"

namespace {

std::atomic<int> interrupted{0};   // the signal
// The second time the default holds: a stop that hangs can be forced.
void on_interrupt(int signal) {
  interrupted = signal;
  std::signal(signal, SIG_DFL);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tactus;
  CLI::App app{
      "Tactus finds where a person touches an object in a photograph and places both together in 3D.\n"
      "Try:  tactus analyse --sample camera --out out/camera"};
  app.name("tactus");
  app.set_version_flag("--version", std::string("tactus ") + TACTUS_VERSION);
  app.require_subcommand(1);
  app.footer("Exit status: 0 done, 2 bad input, 3 could not run, 130 stopped. tactus COMMAND --help shows an example.");

  cli::Context context;
  cli::Command command;
  cli::add_analyse(app, context, command);
  cli::add_reconstruct(app, context, command);
  cli::add_views(app, context, command);
  cli::add_train(app, context, command);
  cli::add_evaluate(app, context, command);
  cli::add_convert(app, context, command);
  cli::add_synth(app, context, command);
  cli::add_doctor(app, context, command);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {   // --help, --version
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "tactus: %s; see tactus --help\n", error.what());
    return 2;
  }

  std::stop_source stop;
  context.stop = stop.get_token();
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  // A handler may only set a flag; this thread turns the flag into the request.
  const std::jthread watcher([&](const std::stop_token& done) {
    while (!done.stop_requested()) {
      if (interrupted != 0) stop.request_stop();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });

  try {
    command(context);
    return 0;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::cancelled) {
      std::fprintf(stderr, "tactus: stopped; nothing was written\n");
      return 128 + (interrupted != 0 ? interrupted.load() : SIGINT);
    }
    std::fprintf(stderr, "tactus: %s\n", error.what());
    return error.kind() == ErrorKind::bad_input ? 2 : 3;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "tactus: the memory is used up; use a smaller picture or mesh\n");
    return 3;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tactus: could not run: %s\n", error.what());
    return 3;
  }
}
