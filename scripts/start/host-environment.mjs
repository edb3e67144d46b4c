/**
 * The environment that a host is started in. The C library gives each of its threads an arena of its own, and keeps what pictures and
 * messages took in all of them: after a flood the host would hold a hundred megabytes that it never uses again.
 */
export function hostEnvironment(base = process.env, platform = process.platform) {
  return platform === 'linux' ? { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', ...base } : base;
}
