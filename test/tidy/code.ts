import { posix } from 'node:path'
import ts from 'typescript'

/** A module that a file names, by whatever syntax. */
export interface Import {
  readonly line: number
  readonly specifier: string
  /** Leaves nothing behind at run time. Only `import type` does (`verbatimModuleSyntax`). */
  readonly typeOnly: boolean
}

interface Place {
  readonly node: ts.Node
  /** Counted from 1. */
  readonly line: number
}

/** Parsed once, though every rule asks. */
const parsed = new Map<string, readonly Place[]>()

/** Every place of the syntax tree. */
export function nodesOf(path: string, text: string): readonly Place[] {
  const key = `${path}\n${text}`
  const known = parsed.get(key) ?? parse(path, text)
  parsed.set(key, known)
  return known
}

function parse(path: string, text: string): Place[] {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, kind)
  const nodes: Place[] = []
  const visit = (node: ts.Node): void => {
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    nodes.push({ node, line })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return nodes
}

export function importsOf(path: string, text: string): Import[] {
  return nodesOf(path, text).flatMap(({ node, line }) => {
    const found = moduleNamedBy(node)
    return found && ts.isStringLiteralLike(found.specifier)
      ? [{ line, specifier: found.specifier.text, typeOnly: found.typeOnly }]
      : []
  })
}

function moduleNamedBy(node: ts.Node): { specifier: ts.Node; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { specifier: node.moduleSpecifier, typeOnly }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { specifier: node.argument.literal, typeOnly: true }
  }
  if (ts.isCallExpression(node) && node.arguments[0]) {
    const isDynamic = node.expression.kind === ts.SyntaxKind.ImportKeyword
    const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require'
    if (isDynamic || isRequire) return { specifier: node.arguments[0], typeOnly: false }
  }
  return undefined
}

/** The path that a relative specifier means, from the root of the repository. */
export function resolveFrom(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier)
}

/** The package, or the built-in module, that a bare specifier names. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/**
 * The global that a place of the tree refers to: `fetch`, `Date.now`, `globalThis.fetch` (as
 * `fetch`). Names of properties, parameters and members are not references.
 */
export function globalAt(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const { text } = node.expression
    return GLOBAL_OBJECTS.has(text) ? node.name.text : `${text}.${node.name.text}`
  }
  return ts.isIdentifier(node) && !isNameOfSomething(node) ? node.text : undefined
}

const GLOBAL_OBJECTS = new Set(['globalThis', 'window', 'self', 'global'])

function isNameOfSomething(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isTypeQueryNode(parent) || ts.isImportSpecifier(parent)) return true
  if (ts.isBindingElement(parent)) return parent.initializer !== node
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isShorthandPropertyAssignment(parent)) return false
  return 'name' in parent && parent.name === node
}

/** Whether a file has an export of the name `default`. */
export function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return node.isExportEquals !== true
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)
}

export function isAny(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.AnyKeyword
}

/** `new Date()` and `Date()`: the wall clock by another name. */
export function isDateOfNow(node: ts.Node): boolean {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false
  const isDate = ts.isIdentifier(node.expression) && node.expression.text === 'Date'
  return isDate && (ts.isCallExpression(node) || !node.arguments?.length)
}

/** Whether the place is called, `f()`, or only named. */
export function isCalled(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && node.parent.expression === node
}
