/**
 * A module of Node, which Deno and Bun have, too.
 *
 * It is asked for at run time and through `globalThis`: then no bundler packs it, and no build for
 * an edge runtime refuses it. The edge runtime of Next.js throws when it is asked.
 *
 * @returns `undefined` where the host has no such module.
 */
export function hostModule<Name extends keyof Modules>(name: Name): Modules[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  try {
    return process?.getBuiltinModule?.(name) as Modules[Name] | undefined
  } catch {
    return undefined
  }
}

interface Modules {
  readonly 'node:cluster': { readonly isWorker: boolean }
  readonly 'node:crypto': typeof import('node:crypto')
  readonly 'node:http': typeof import('node:http')
  readonly 'node:https': typeof import('node:https')
  readonly 'node:net': typeof import('node:net')
  readonly 'node:tls': typeof import('node:tls')
  readonly 'node:zlib': typeof import('node:zlib')
}

/** Whether this is workerd, where a promise may not outlive the request that made it. */
export function isWorkerd(): boolean {
  return typeof navigator === 'object' && navigator.userAgent === 'Cloudflare-Workers'
}
