import ts from 'typescript'

/** A public module, and its declarations as a build writes them. */
export interface PublicModule {
  readonly name: string
  readonly path: string
}

/**
 * Writes down the public API as the compiler declares it, without comments: for each module what it
 * exports, and at the end the types that those mention.
 *
 * Paths of files are left out, so that a moved file changes nothing.
 */
export function publicApi(modules: readonly PublicModule[], host?: ts.CompilerHost): string {
  const program = ts.createProgram(
    modules.map(({ path }) => path),
    // The library's own types are not written down, so that they need not be read.
    { module: ts.ModuleKind.NodeNext, noEmit: true, noLib: true, types: [] },
    host,
  )
  const checker = program.getTypeChecker()
  const shown = new Set<ts.Node>()
  const mentioned = new Set<ts.Node>()
  const sections = modules.map(({ name, path }) => {
    const file = program.getSourceFile(path)
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) throw new Error(`${path} declares no module: run npm run build`)
    const lines = checker
      .getExportsOfModule(module)
      .toSorted(byName)
      .map((symbol) => {
        const nodes = declarationsIn(resolved(symbol, checker))
        const isNew = nodes.some((node) => !shown.has(node))
        for (const node of nodes) {
          shown.add(node)
          addMentioned(node, checker, mentioned)
        }
        return isNew
          ? nodes.map((node) => printed(node, symbol.name)).join('\n')
          : `export { ${symbol.name} }`
      })
    return [`// ${name}`, ...lines].join('\n')
  })
  const rest = [...mentioned].filter((node) => !shown.has(node)).map((node) => printed(node))
  return `${[...sections, ['// mentioned', ...rest.toSorted()].join('\n')].join('\n\n')}\n`
}

const byName = (one: ts.Symbol, other: ts.Symbol): number => (one.name < other.name ? -1 : 1)

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  return isAlias ? checker.getAliasedSymbol(symbol) : symbol
}

/** The declarations of a symbol in the package itself, each as the statement that it is. */
function declarationsIn({ declarations = [] }: ts.Symbol): ts.Node[] {
  return declarations
    .filter((node) => !node.getSourceFile().fileName.includes('/node_modules/'))
    .map((node) => (ts.isVariableDeclaration(node) ? node.parent.parent : node))
    .filter((node) => ts.isStatement(node))
}

/** Adds the declarations that a statement mentions, and those that they mention. */
function addMentioned(statement: ts.Node, checker: ts.TypeChecker, found: Set<ts.Node>): void {
  const visit = (node: ts.Node): void => {
    const symbol = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined
    const target = symbol && resolved(symbol, checker)
    for (const other of target === undefined ? [] : declarationsIn(target)) {
      if (other === statement || found.has(other)) continue
      found.add(other)
      addMentioned(other, checker, found)
    }
    ts.forEachChild(node, visit)
  }
  visit(statement)
}

const printer = ts.createPrinter({ removeComments: true })

function printed(node: ts.Node, alias?: string): string {
  const file = node.getSourceFile()
  const { transformed } = ts.transform(node, [sorting(file, ts.isVariableStatement(node))])
  const text = printer.printNode(ts.EmitHint.Unspecified, transformed[0]!, file)
  const exported = alias === undefined ? '' : 'export '
  const plain = text.replace(/^(?:export )?(?:declare )?/, exported).replaceAll('"', "'")
  return shortened(plain)
}

/**
 * The compiler orders the members of an inferred union differently from build to build, and so it
 * does with those of an inferred type of a constant.
 */
function sorting(file: ts.SourceFile, isConstant: boolean): ts.TransformerFactory<ts.Node> {
  const textOf = (node: ts.Node): string => printer.printNode(ts.EmitHint.Unspecified, node, file)
  const sorted = <N extends ts.Node>(nodes: readonly N[]): ts.NodeArray<N> =>
    ts.factory.createNodeArray(
      nodes.toSorted((one, other) => (textOf(one) < textOf(other) ? -1 : 1)),
    )
  return (context) => {
    const visit = (node: ts.Node): ts.Node => {
      const inner = ts.visitEachChild(node, visit, context)
      if (ts.isUnionTypeNode(inner)) {
        return ts.factory.updateUnionTypeNode(inner, sorted(inner.types))
      }
      if (isConstant && ts.isTypeLiteralNode(inner)) {
        return ts.factory.updateTypeLiteralNode(inner, sorted(inner.members))
      }
      return inner
    }
    return visit
  }
}

/**
 * The inferred type of the machine fills a page, and so do a provider's facts. What the machine
 * does is written down in docs/statechart.md, and the facts in docs/providers.json.
 */
function shortened(text: string): string {
  return text
    .replace(/\bStateMachine<[^]*/, 'StateMachine<…>;')
    .replace(/^(export const (?:facts|evidence)): \{[^]*/, '$1: {…};')
}
