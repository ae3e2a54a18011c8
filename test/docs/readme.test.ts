import { describe, expect, it } from 'vitest'
import { entriesOf } from '../tidy/manifest.ts'
import { repository } from '../tidy/repository.ts'
import { blocksOf } from './blocks.ts'
import { withPicture } from './picture.ts'

const project = repository()
const readme = project.read('README.md')

/** Code without the breaks of lines and the commas before them: a patch has to be short. */
const inOneLine = (code: string): string =>
  code.replaceAll(/\s+/g, '').replaceAll(/,(?=$|[})])/g, '')

/** Whether whole lines of a text, one after the other, are this line of code. */
function holdsLine(text: string, line: string): boolean {
  const [wanted, lines] = [inOneLine(line), text.split('\n')]
  return lines.some((_, from) =>
    lines.some((__, to) => inOneLine(lines.slice(from, to + 1).join('\n')) === wanted),
  )
}

describe('README.md', () => {
  it('has at most 150 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
  })

  it('has its two commands, each alone in a block', () => {
    const commands = Array.from(readme.matchAll(/^```sh\n([^`]*)\n```$/gm), ([, line]) => line)

    expect(commands).toEqual(['npm ci && npm run demo', 'npm ci && npm test'])
  })

  it('shows how to use it in 15 lines', () => {
    const [usage] = blocksOf('README.md', readme)

    expect(usage!.code.trimEnd().split('\n').length).toBeLessThanOrEqual(15)
  })

  it('shows, with the guide to Next.js, each line that the patch of test/next adds', () => {
    const patch = project.read('test/next/starter.patch')
    const added = Array.from(patch.matchAll(/^\+(?!\+\+ )(.+)$/gm), ([, line]) => line!)

    const shown = ['README.md', 'docs/guides/nextjs.md']
      .flatMap((path) => blocksOf(path, project.read(path)))
      .map(({ code }) => code)
    const isShown = (line: string): boolean => shown.some((code) => holdsLine(code, line))

    expect(added).not.toEqual([])
    expect(added.filter((line) => !isShown(line))).toEqual([])
  })

  it('names every store and every provider that the package exports', () => {
    const modules = entriesOf(project)
      .map(({ name }) => name)
      .filter((name) => /^\.\/(?:stores|providers)\//.test(name))

    const named = (line: string): string =>
      line.startsWith('./providers/')
        ? `docs${line.slice(1)}.md`
        : `\`refresh-once${line.slice(1)}\``
    const unnamed = modules.filter((line) => !readme.includes(named(line)))

    expect(unnamed).toEqual([])
  })

  it('leads to every document', () => {
    const documents = [...project.paths].filter((path) => /^docs\/[^/]+\.md$/.test(path))

    expect(documents.filter((path) => !readme.includes(`](${path})`))).toEqual([])
  })
})

describe('withPicture', () => {
  it('draws the chart that runs: `npx tsx test/docs/generate.ts` writes it', () => {
    const design = project.read('docs/design.md')
    expect(design).toBe(withPicture(design))
  })

  it('finds a place for the picture, or says so', () => {
    expect(() => withPicture('# Nothing')).toThrow('no marks')
  })
})
