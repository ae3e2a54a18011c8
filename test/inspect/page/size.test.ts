import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { PAGE_MODULES, pageFile } from '../../../src/inspect/page/files.ts'
import { importsOf, resolveFrom } from '../../tidy/code.ts'
import { repository } from '../../tidy/repository.ts'
import { builtPage } from './built.ts'

/** KiB, gzip. */
const BUDGET = 60
const { read } = repository()

/** The modules that the page's first one leads to, as a browser follows them. */
function reached(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found
  found.add(path)
  for (const { specifier, typeOnly } of importsOf(path, read(path))) {
    if (!typeOnly) reached(resolveFrom(path, specifier), found)
  }
  return found
}

describe('the files of the page', () => {
  it('are the modules that it imports, and no others', () => {
    const paths = [...reached('src/inspect/page/main.ts')].map((path) =>
      path.replace('src/inspect/', '').replace(/ts$/, 'js'),
    )

    expect(paths.toSorted()).toEqual(PAGE_MODULES.toSorted())
  })

  it(`weigh less than ${BUDGET} KiB in all, gzip`, async () => {
    const folder = await builtPage()
    const paths = ['', 'page/page.css', 'page/icon.svg', ...PAGE_MODULES]
    const files = await Promise.all(paths.map((path) => pageFile(path, folder)))

    const bytes = files.map((file) => gzipSync(file!.body).byteLength)

    expect(Math.min(...bytes)).toBeGreaterThan(0)
    expect(bytes.reduce((sum, each) => sum + each) / 1024).toBeLessThan(BUDGET)
  })

  it('are those alone: nothing else on the disk is served', async () => {
    const folder = await builtPage()

    for (const path of ['page/files.js', '../../../package.json', 'page/', 'page/main.ts']) {
      expect(await pageFile(path, folder)).toBeUndefined()
    }
  })

  it('hold neither a script nor a style of the page itself, which its policy forbids', async () => {
    const { body = '' } = (await pageFile('')) ?? {}

    expect(body).toContain('<script type="module" src="page/main.js"></script>')
    expect(body).not.toMatch(/<style|style=|<script(?! type="module" src)|\son\w+=|https?:/)
  })
})
