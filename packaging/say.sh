# Sourced by the scripts: says each step and how long it took.
step() {
  step_started=$SECONDS
  printf 'tactus: %s …\n' "$1"
}
done_step() { printf 'tactus: done in %d s\n' "$((SECONDS - step_started))"; }
fail() {
  printf 'tactus: %s\n' "$1" >&2
  exit 3
}
