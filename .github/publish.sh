#!/usr/bin/env bash
# publish.sh REF SITE: adds dist/ to the branch `pages` and leaves the whole site in the folder SITE. Of main it becomes the
# root; of a tag vX.Y the folder v/X.Y/, once and for all: a version that is there already is an error.
set -euo pipefail

ref=$1 site=$2
remote=${REMOTE:-origin}

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
  case $ref in
    refs/heads/main)
      find "$site" -mindepth 1 -maxdepth 1 ! -name .git ! -name v -exec rm -r {} +
      cp -r dist/. "$site"
      ;;
    refs/tags/v*)
      version=${ref#refs/tags/v}
      if [[ ! $version =~ ^[0-9]+\.[0-9]+(\.[0-9]+)?$ ]]; then echo "v$version is no version" >&2 && exit 1; fi
      if [ -e "$site/v/$version" ]; then echo "v$version is published already, and stays as it is" >&2 && exit 1; fi
      mkdir -p "$site/v/$version"
      cp -r dist/. "$site/v/$version"
      ;;
    *) echo "$ref is neither main nor a version" >&2 && exit 1 ;;
  esac
  touch "$site/.nojekyll"
  git -C "$site" add --all --force
  git -C "$site" -c user.name=pages -c user.email=pages@localhost commit --quiet --allow-empty -m "$ref"
  if git -C "$site" push --quiet "$remote" HEAD:refs/heads/pages; then exit 0; fi
done
exit 1
