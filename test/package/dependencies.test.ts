import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly gypfile?: boolean
}

/** What npm would do with a package besides unpacking it. */
function burdensOf({ dependencies, optionalDependencies, scripts, gypfile }: Manifest): string[] {
  return [
    ...Object.keys({ ...dependencies, ...optionalDependencies }).map((name) => `installs ${name}`),
    ...['preinstall', 'install', 'postinstall'].filter((name) => scripts?.[name] !== undefined),
    ...(gypfile ? ['node-gyp'] : []),
  ]
}

const manifestAt = (path: string): Manifest =>
  JSON.parse(
    readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8'),
  ) as Manifest

describe('the dependencies', () => {
  const { dependencies = {}, ...manifest } = manifestAt('package.json')

  it('are three', () => {
    expect(Object.keys(dependencies)).toEqual(['oauth4webapi', 'xstate', 'zod'])
  })

  it.each(Object.keys(dependencies))(
    '%s runs nothing when installed, and needs nothing',
    (name) => {
      expect(burdensOf(manifestAt(`node_modules/${name}/package.json`))).toEqual([])
    },
  )

  it('are all that the package asks of who installs it', () => {
    expect(burdensOf(manifest)).toEqual([])
  })
})

describe('burdensOf', () => {
  it('names what runs and what comes along', () => {
    const manifest = {
      name: 'a',
      dependencies: { b: '1' },
      optionalDependencies: { c: '1' },
      scripts: { postinstall: 'node a.js', test: 'vitest' },
      gypfile: true,
    }

    expect(burdensOf(manifest)).toEqual(['installs b', 'installs c', 'postinstall', 'node-gyp'])
  })
})
