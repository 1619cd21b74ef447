#!/usr/bin/env bash
# publish.sh REF SITE: adds dist/ to the branch `pages` and leaves the whole site in the folder SITE. Of main it becomes the
# root; of a tag vX.Y the folder v/X.Y/, once and for all: a version that is there already is an error.
set -euo pipefail

ref=$1 site=$2
remote=${REMOTE:-origin}

fail() {
  echo "$1" >&2
  exit 1
}

# What is published is what a commit says, and all that was built of it: the service worker lists each file with its sum.
changed=$(git status --porcelain --untracked-files=no)
[ -z "$changed" ] || fail "what is published must be committed first:"$'\n'"$changed"
[ -f dist/service-worker.js ] || fail 'dist/ is missing: ./build.sh build makes it'
listed=$(grep -oE '"[^"]+":"[0-9a-f]{16}"' dist/service-worker.js | tr -d '"' | sort)
present=$(cd dist && find . -type f ! -path ./service-worker.js ! -path ./og.png -exec sha256sum {} + |
  sed -E 's|^(.{16})[^ ]* [ *]\./(.*)|\2:\1|' | sort)
broken=$(comm -3 <(echo "$listed") <(echo "$present") | sed -E 's/^\t?(.*):.*/\1/' | sort -u)
[ -z "$broken" ] || fail "dist/ is not as it was built; other or missing:"$'\n'"$broken"

version=''
case $ref in
  refs/heads/main) ;;
  refs/tags/v*)
    version=${ref#refs/tags/v}
    [[ $version =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]] || fail "v$version is no version"
    [ "$(git rev-parse --verify --quiet "$ref^{commit}")" = "$(git rev-parse HEAD)" ] || fail "what is checked out is not v$version"
    ;;
  *) fail "$ref is neither main nor a version" ;;
esac

# Another run may have pushed meanwhile: then all is done again on top of that.
for attempt in 1 2 3 4 5; do
  rm -rf "$site"
  git worktree prune
  if git ls-remote --exit-code "$remote" refs/heads/pages >/dev/null; then
    git fetch --quiet --depth 1 "$remote" refs/heads/pages
    git worktree add --quiet --detach "$site" FETCH_HEAD
  else # the first time
    git worktree add --quiet --detach "$site"
    git -C "$site" checkout --quiet --orphan "first-pages-$attempt"
    git -C "$site" rm -r --quiet --force .
  fi
  if [ -z "$version" ]; then
    find "$site" -mindepth 1 -maxdepth 1 ! -name .git ! -name v -exec rm -r {} +
    cp -r dist/. "$site"
  else
    [ ! -e "$site/v/$version" ] || fail "v$version is published already, and stays as it is"
    mkdir -p "$site/v/$version"
    cp -r dist/. "$site/v/$version"
  fi
  touch "$site/.nojekyll"
  git -C "$site" add --all --force
  git -C "$site" -c user.name=pages -c user.email=pages@localhost commit --quiet --allow-empty -m "$ref"
  if git -C "$site" push --quiet "$remote" HEAD:refs/heads/pages; then exit 0; fi
done
fail 'the branch could not be pushed'
