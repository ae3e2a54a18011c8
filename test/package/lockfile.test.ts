import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Packages = Readonly<
  Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
>

/**
 * Optional packages, one a platform as a rule, that the lock file does not know.
 *
 * `npm install` gets over one that the registry does not have; `npm ci` then refuses the lock file
 * on every machine. The remedy is a version whose platforms are all there.
 */
function missingFrom(packages: Packages): string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !placesOf(path, name).some((place) => place in packages))
      .map((name) => `${path} wants ${name}`),
  )
}

/** Where a package that stands at a path looks for another: from its own folder upwards. */
function placesOf(path: string, name: string): string[] {
  const folders = path.split(/\/?node_modules\//).slice(1)
  return [...folders, ''].map((_, depth) =>
    [...folders.slice(0, depth), name].map((folder) => `node_modules/${folder}`).join('/'),
  )
}

describe('package-lock.json', () => {
  it('knows the packages of every platform, without which npm ci fails', () => {
    const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')
    const { packages } = JSON.parse(text) as { packages: Packages }

    expect(missingFrom(packages)).toEqual([])
  })
})

describe('missingFrom', () => {
  it('names what stands neither below nor above', () => {
    const packages = {
      'node_modules/a': { optionalDependencies: { '@a/linux': '1', '@a/mac': '1', '@a/win': '1' } },
      'node_modules/@a/linux': {},
      'node_modules/a/node_modules/@a/mac': {},
      'node_modules/b/node_modules/@a/win': {},
    }

    expect(missingFrom(packages)).toEqual(['node_modules/a wants @a/win'])
  })
})
