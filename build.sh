#!/usr/bin/env bash
# Builds, serves and tests Systole. `./build.sh` alone tells how to use it.
set -euo pipefail
cd "$(dirname "$0")"

main() {
  # Flags in the environment would hide .cargo/config.toml's target features.
  unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_TARGET_DIR
  mkdir -p target/logs target/stamps
  case "${1:-} ${2:-}" in
    'serve '*[!0-9]*) usage ;;
    'serve '*)
      build
      serve "${2:-8080}"
      ;;
    'build ') build ;;
    'test ') run_tests ;;
    --only\ *)
      shift
      "$@"
      ;;
    *) usage ;;
  esac
}

usage() {
  cat >&2 <<'TEXT'
usage: ./build.sh serve [PORT]   set up, build into dist/, serve it (port 8080 or the next free one)
       ./build.sh build          set up and build into dist/
       ./build.sh test           set up, build, run every test
TEXT
  exit 2
}

build() {
  setup_wasm
  step 'page packages' npm_packages www
  step 'WebAssembly module' wasm_module
  step 'page' vite_build
  echo "  built: dist/, a static site that works from any path of any host"
}

serve() {
  exec node tests/browser/serve.mjs --port "$1"
}

run_tests() {
  local failed=0 passed=0
  setup_wasm
  step 'page packages' npm_packages www
  step 'browser test packages' npm_packages tests/browser
  step 'Chromium and its driver' find_browser
  step 'Firefox' find_firefox
  # shellcheck disable=SC1091
  . target/stamps/browser
  # shellcheck disable=SC1091
  . target/stamps/firefox
  export FIREFOX CHROMIUM CHROMIUM_SHELL CHROMEDRIVER WASM_BINDGEN_TEST_TIMEOUT=120
  export WASM_BINDGEN_TEST_WEBDRIVER_JSON="$PWD/target/stamps/webdriver.json"
  # Colours forced by the environment would stand in the way of `totals`.
  export CARGO_TERM_COLOR=never FORCE_COLOR=0
  try 'Rust formatting' cargo fmt --check
  try 'Rust lints, host' cargo clippy --quiet --all-targets -- -D warnings
  try 'Rust lints, wasm32' cargo clippy --quiet --target wasm32-unknown-unknown --lib --test web -- -D warnings
  try 'Rust tests' cargo test --quiet --no-fail-fast
  # Its tools use one core each: what comes until it is needed has the other.
  bash ./build.sh --only wasm_module >/dev/null 2>&1 &
  local module=$!
  try 'Rust documentation' doc
  try 'module tests in Chromium' cargo test --target wasm32-unknown-unknown --test web
  wait $module || true # what went wrong is said by the next line
  try 'WebAssembly module' wasm_module
  try 'page' vite_build
  try 'page formatting' www/node_modules/.bin/prettier --check --log-level warn www tests/browser --ignore-path www/.prettierignore --ignore-path .gitignore
  try 'page types' www/node_modules/.bin/tsc --noEmit -p www
  try 'service worker types' www/node_modules/.bin/tsc --noEmit -p www/service-worker
  try 'page build types' www/node_modules/.bin/tsc --noEmit -p www/tsconfig.node.json
  try 'browser test types' www/node_modules/.bin/tsc --noEmit -p tests/browser
  try 'page in Chromium' playwright Chromium
  try 'page in Firefox' playwright Firefox
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

doc() {
  RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps --lib
}

playwright() {
  (cd tests/browser && node_modules/.bin/playwright test --project="$1")
}

# --- Steps: what is being done, and how long it took -------------------------------------------------------------

# A step that must succeed. Its output goes to a log, shown whole if it fails. It runs in a process of its own: a shell
# ignores `set -e` in whatever an `if` waits for, so a function would go on after its first failure.
step() {
  local name=$1 log started
  shift
  log=$(log_of "$name")
  started=$(date +%s)
  if bash ./build.sh --only "$@" >"$log" 2>&1; then
    report "$name" "$started"
  else
    report "$name" "$started" FAILED
    cat "$log" >&2
    return 1
  fi
}

# A check: as a step, but the next ones run all the same. It counts as many tests as its runner says it ran, as one if it
# is no test runner. CI sees the whole output.
try() {
  local name=$1 log good=0 bad=0 ok=true
  step "$@" || ok=false
  log=$(log_of "$name")
  read -r good bad < <(totals "$log")
  if $ok && [ "$good" -eq 0 ]; then good=1; fi
  if ! $ok && [ "$bad" -eq 0 ]; then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  if $ok && [ "${CI:-}" = true ]; then sed 's/^/      /' "$log"; fi
  if [ $((good + bad)) -gt 1 ]; then echo "      $good passed, $bad failed"; fi
}

# Tests that passed and failed, by the summary lines of cargo, wasm-bindgen-test-runner and Playwright.
totals() {
  awk '/^test result: / { good += $4; bad += $6 }
    /^ +[0-9]+ passed \(/ { good += $1 }
    /^ +[0-9]+ failed$/ { bad += $1 }
    END { print good + 0, bad + 0 }' "$1"
}

log_of() {
  echo "target/logs/$(echo "$1" | tr -c 'A-Za-z0-9\n' '-').txt"
}

report() {
  printf '  %s %s %d s%s\n' "$1" "$(printf '%*s' $((34 - ${#1})) '' | tr ' ' .)" $(($(date +%s) - $2)) "${3:+ $3}"
}

# --- Set-up --------------------------------------------------------------------------------------------------------

setup_wasm() {
  for tool in cargo node npm; do
    if ! command -v $tool >/dev/null; then
      echo "$tool is missing: install Rust (rustup.rs) and Node 20 or newer (nodejs.org)" >&2
      exit 1
    fi
  done
  step 'wasm32 target' wasm_target
  step 'wasm-bindgen' wasm_bindgen_cli
}

# rust-toolchain.toml's targets are silently not installed where RUSTUP_AUTO_INSTALL=0.
wasm_target() {
  local lib
  lib="$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown"
  [ -d "$lib" ] || rustup target add wasm32-unknown-unknown
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
}

# The command-line tool must have exactly the library's version.
wasm_bindgen_cli() {
  local version
  has_cli() { # where: a folder with its slash, or nothing for PATH
    [ "$("$1wasm-bindgen" --version 2>/dev/null)" = "wasm-bindgen $version" ] &&
      [ "$("$1wasm-bindgen-test-runner" --version 2>/dev/null)" = "wasm-bindgen-test-runner $version" ]
  }
  version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/version = |"/, ""); print }' Cargo.lock)
  if has_cli target/tools/bin/; then return; fi
  # Installed already by other means: linked to where .cargo/config.toml looks.
  if has_cli ''; then
    mkdir -p target/tools/bin
    ln -sf "$(command -v wasm-bindgen)" "$(command -v wasm-bindgen-test-runner)" target/tools/bin/
    return
  fi
  # A debug build takes half the time; with the parts that do the work optimised it is nearly as fast in use.
  local hot='profile.dev.package'
  install_cli() {
    cargo install wasm-bindgen-cli --version "$version" --debug --no-default-features --force "$@" \
      --root target/tools --target-dir target/tools/build \
      --config "$hot.walrus.opt-level=2" --config "$hot.wasmparser.opt-level=2" --config "$hot.wasm-encoder.opt-level=2"
  }
  # Its own lock file first; a registry mirror that lags behind may not have every version in it.
  install_cli --locked || install_cli
  rm -rf target/tools/build
}

# npm packages of a folder, installed again when its lock file has changed.
npm_packages() {
  local stamp
  stamp="target/stamps/npm-$(echo "$1" | tr / -)"
  if [ -d "$1/node_modules" ] && cmp -s "$1/package-lock.json" "$stamp"; then return; fi
  rm -f "$stamp" # an interrupted install must not pass for a whole one
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
  cp "$1/package-lock.json" "$stamp"
}

# Writes the paths of Chromium and its driver to target/stamps/browser, and webdriver.json with that Chromium's path in it:
# a driver left alone looks for its own favourite. Chromium's shell for tests is the same engine without the browser around
# it, and takes 40 % off the page's tests where it is to be had.
find_browser() {
  local chromium driver shell
  chromium=$(first_of "${CHROMIUM:-}" chromium chromium-browser google-chrome \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' /Applications/Chromium.app/Contents/MacOS/Chromium)
  driver=$(first_of "${CHROMEDRIVER:-}" chromedriver chromium.chromedriver /usr/lib/chromium/chromedriver)
  if [ -z "$chromium" ] || [ -z "$driver" ]; then
    install_browser
    chromium=$(first_of "$chromium" chromium)
    driver=$(first_of "$driver" chromedriver)
  fi
  if [ -z "$chromium" ] || [ -z "$driver" ]; then return 1; fi
  shell=$(first_of "${CHROMIUM:-}" chromium-headless-shell)
  if [ -z "$shell" ] && apt_install chromium-headless-shell; then shell=$(first_of chromium-headless-shell); fi
  printf 'CHROMIUM=%q\nCHROMIUM_SHELL=%q\nCHROMEDRIVER=%q\n' "$chromium" "${shell:-$chromium}" "$driver" >target/stamps/browser
  node -e '
    const [path] = process.argv.slice(1);
    const capabilities = JSON.parse(fs.readFileSync("webdriver.json"));
    capabilities["goog:chromeOptions"].binary = path;
    fs.writeFileSync("target/stamps/webdriver.json", JSON.stringify(capabilities));
  ' "$chromium"
}

find_firefox() {
  local firefox
  firefox=$(first_of "${FIREFOX:-}" firefox-esr firefox /Applications/Firefox.app/Contents/MacOS/firefox)
  if [ -z "$firefox" ] && apt_install firefox-esr; then firefox=$(first_of firefox-esr); fi
  if [ -z "$firefox" ]; then
    echo 'the tests need Firefox: install it (Debian: firefox-esr), or set FIREFOX to its path'
    return 1
  fi
  printf 'FIREFOX=%q\n' "$firefox" >target/stamps/firefox
}

first_of() {
  local name
  for name in "$@"; do
    if [ -n "$name" ] && command -v "$name" 2>/dev/null; then return; fi
  done
}

# Installs Debian's packages where that can be done without a question.
apt_install() {
  local sudo=''
  if [ "$(id -u)" -ne 0 ]; then sudo='sudo -n'; fi
  command -v apt-get >/dev/null && $sudo true 2>/dev/null || return
  # Lists that are old or missing are fetched when they have to be.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" ||
    { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"; }
}

install_browser() {
  if apt_install chromium chromium-driver fonts-dejavu-core; then return; fi
  echo 'the tests need Chromium and ChromeDriver: install both (Debian: chromium chromium-driver; Ubuntu: snap install chromium; macOS: brew install --cask google-chrome chromedriver), or set CHROMIUM and CHROMEDRIVER to their paths'
  return 1
}

# --- Building ------------------------------------------------------------------------------------------------------

# target/wasm: the module in its two parts, its JavaScript and types. Made again only when what they are made of has changed.
wasm_module() {
  local built=target/wasm32-unknown-unknown/wasm/systole.wasm stamp=target/stamps/module out=target/wasm
  # The linker's map says where constants lie.
  cargo rustc --quiet --profile wasm --lib --target wasm32-unknown-unknown -- -C "link-arg=-Map=$PWD/target/systole.map"
  if [ "$(inputs_of_module "$built")" = "$(cat $stamp 2>/dev/null)" ] && [ -f $out/systole_rest.wasm.deflate ]; then return; fi
  rm -f $stamp # if a tool below fails, target/wasm holds no finished module
  target/tools/bin/wasm-bindgen --target bundler --remove-producers-section --out-name systole --out-dir $out "$built"
  # Functions called once stay functions, and common expressions stay where they are: larger, but 12 KB less gzipped. Below
  # the stack's end nothing lies; again until nothing changes; locals as they are: 2 KB less.
  optimise --low-memory-unused -Os --converge -ocimfs=20 --skip-pass=local-cse --skip-pass=simplify-locals -g \
    $out/systole_bg.wasm -o $out/systole_whole.wasm
  echo '{ "type": "module" }' >$out/package.json # for Node, which runs the glue
  node www/split.mjs $out/systole_whole.wasm target/systole.map $out/systole_bg.js $out/systole_first.wasm $out/systole_rest.wasm
  for part in first rest; do
    # In the order of their names, instances of one generic function lie side by side, and gzip finds what they share: 2 KB.
    optimise --reorder-functions-by-name --strip-debug $out/systole_$part.wasm -o $out/systole_$part.wasm
    node www/deflate.mjs $out/systole_$part.wasm $out/systole_$part.wasm.deflate
  done
  inputs_of_module "$built" >$stamp
}

inputs_of_module() { # what rustc wrote
  cat "$1" www/split*.mjs www/first-visit.mjs | cksum
}

optimise() {
  www/node_modules/.bin/wasm-opt --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext \
    --enable-mutable-globals --enable-reference-types --enable-multivalue "$@"
}

# The package for npm, after `build`: in a folder, where `npm pack` makes the tarball.
npm_package() { # the folder; target/npm if none is named
  local out=${1:-target/npm}
  node www/package.mjs "$out"
  # Names of functions are for dividing the module; they are a quarter of what it takes in the tarball.
  optimise --reorder-functions-by-name --strip-debug target/wasm/systole_whole.wasm -o "$out/systole.wasm"
}

vite_build() {
  (cd www && node_modules/.bin/vite build)
}

main "$@"
