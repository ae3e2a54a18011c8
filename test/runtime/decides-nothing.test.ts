import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { refreshMachine } from '../../machines/index.ts'
import { CLAIMING } from '../../src/ledger/protocol.ts'

const RUNTIME = new URL('../../src/runtime/', import.meta.url)

const names = (text: string): string[] => text.split(' ')

/** Names of everything that the chart decides by: its states, and how its actors' work can end. */
const NAMES = new Set([
  ...Object.values(refreshMachine.states).flatMap(({ key, states }) => [
    key,
    ...Object.keys(states),
  ]),
  ...Object.values(CLAIMING).flatMap((row) => [...Object.keys(row), ...Object.values(row)]),
  ...Object.keys(CLAIMING),
  ...names('granted rejected refused deferred unknown'),
  ...names('settled withheld ended noted adopted seized busy elsewhere'),
  ...names('unspent spent disposed restarted again failed changed another'),
  ...names('fresh expiring dead'),
])

const EQUALITIES = new Set([
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
])

/** Where a text compares something with one of the names. */
function comparisons(text: string): string[] {
  const found: string[] = []
  const isName = (node: ts.Node): boolean => ts.isStringLiteralLike(node) && NAMES.has(node.text)
  const look = (node: ts.Node): void => {
    const isEquality = ts.isBinaryExpression(node) && EQUALITIES.has(node.operatorToken.kind)
    if (isEquality && (isName(node.left) || isName(node.right))) found.push(node.getText())
    if (ts.isCaseClause(node) && isName(node.expression)) found.push(node.getText())
    const isSearch =
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      ['includes', 'startsWith', 'has', 'matches'].includes(node.expression.name.text)
    if (isSearch && node.arguments.some(isName)) found.push(node.getText())
    ts.forEachChild(node, look)
  }
  look(ts.createSourceFile('text.ts', text, ts.ScriptTarget.Latest, true))
  return found
}

describe('src/runtime', () => {
  for (const name of readdirSync(RUNTIME).filter((each) => each.endsWith('.ts'))) {
    it(`takes no decision of its own: ${name}`, () => {
      expect(comparisons(readFileSync(new URL(name, RUNTIME), 'utf8'))).toEqual([])
    })
  }
})

describe('comparisons', () => {
  for (const text of [
    "if (outcome.state === 'revoked') return",
    "const isLost = 'lost' != answer.type",
    "switch (presentation.outcome) { case 'granted': return 1 }",
    "snapshot.matches('refreshing')",
    "['granted', 'x'].includes('granted')",
  ]) {
    it(`finds ${text}`, () => {
      expect(comparisons(text)).toHaveLength(1)
    })
  }

  for (const text of [
    "typeof replay === 'string'",
    "provider.replay === 'always'",
    'if (status !== 429) return',
    "const told = { granted: () => ({ type: 'granted' }) }",
  ]) {
    it(`lets pass ${text}`, () => {
      expect(comparisons(text)).toEqual([])
    })
  }
})
