import { describe, expect, it } from 'vitest'
import { codeRules } from './tidy/code-rules.ts'
import { houseRules, numbersOf } from './tidy/house-rules.ts'
import { layers } from './tidy/layers.ts'
import { projectRules } from './tidy/project-rules.ts'
import { packagesReachedFrom } from './tidy/reach.ts'
import { imagined, repository } from './tidy/repository.ts'
import type { Project, Rule } from './tidy/rule.ts'
import { samples } from './tidy/samples.ts'
import { textRules } from './tidy/text-rules.ts'

/** The house rules are tested by their samples; the repository does not keep them yet. */
const kept = [layers, ...codeRules, ...textRules, ...projectRules]
const rules = [...kept, ...houseRules]

/** What a rule says of a file in a project. */
const complaints = (rule: Rule, path: string, project: Project): readonly string[] =>
  rule.appliesTo(path) ? rule.check(path, project.read(path), project) : []

describe('the repository', () => {
  const project = repository()
  console.info(numbersOf(project).join('\n'))

  for (const rule of kept) {
    it(rule.name, () => {
      const all = [...project.paths].flatMap((path) =>
        complaints(rule, path, project).map((complaint) => `${path}: ${complaint}`),
      )

      expect(all).toEqual([])
    })
  }

  it('loads nothing with its main entry but xstate and oauth4webapi', () => {
    const packages = packagesReachedFrom('src/index.ts', project.read)

    expect([...packages].toSorted()).toEqual(['oauth4webapi', 'xstate'])
  })
})

describe('the rules', () => {
  it('have samples each, and no samples are without a rule', () => {
    expect(Object.keys(samples).toSorted()).toEqual(rules.map(({ name }) => name).toSorted())
  })

  for (const rule of rules) {
    const { bad = [], good = [] } = samples[rule.name] ?? {}

    for (const [path, text, beside] of bad) {
      it(`${rule.name}: finds fault with ${path} ${title(text)}`, () => {
        expect(complaints(rule, path, imagined({ ...beside, [path]: text }))).not.toEqual([])
      })
    }

    for (const [path, text, beside] of good) {
      it(`${rule.name}: lets pass ${path} ${title(text)}`, () => {
        expect(complaints(rule, path, imagined({ ...beside, [path]: text }))).toEqual([])
      })
    }
  }
})

describe('packagesReachedFrom', () => {
  const { read } = imagined({
    'src/index.ts': "import './a.ts'\nimport type { T } from 'types'",
    'src/a.ts': "import '../providers/b.ts'\nexport * from '@scope/name/deep'",
    'providers/b.ts': "import './../src/index.ts'\nawait import('zod/mini')",
  })

  it('follows what is imported, to the end', () => {
    expect(packagesReachedFrom('src/index.ts', read)).toEqual(new Set(['zod', '@scope/name']))
  })

  it('follows types when asked', () => {
    expect(packagesReachedFrom('src/index.ts', read, { types: true })).toContain('types')
  })
})

function title(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
