import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { PROBLEMS, isFinalCode, type ErrorCode } from '../../src/core/errors.ts'

const page = await readFile('docs/errors.md', 'utf8')
const [, finals = '', passing = ''] = page.split('\n## ')

function codesIn(part: string): string[] {
  return [...part.matchAll(/^### (\w+)$/gm)].map(([, code = '']) => code)
}

it('has a section for each code, among those of its kind', () => {
  const codes = Object.keys(PROBLEMS) as ErrorCode[]
  expect(codesIn(finals)).toEqual(codes.filter((code) => isFinalCode(code)))
  expect(codesIn(passing)).toEqual(codes.filter((code) => !isFinalCode(code)))
})

it('says of each what happened, what it means for the user, and what to do', () => {
  for (const section of page.split('\n### ').slice(1)) {
    const [code] = section.split('\n')
    const parts = [...section.matchAll(/^\*\*(.+?)\.\*\* \S/gm)].map(([, part]) => part)
    expect(parts, code).toEqual(['What happened', 'For the user', 'What to do'])
  }
})
