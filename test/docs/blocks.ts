import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A block of TypeScript in a Markdown text. */
export interface Block {
  /** The Markdown file. */
  readonly path: string
  /** The line of its first line of code, counted from 1. */
  readonly line: number
  readonly code: string
  /** What stands in a comment before it, for the compiler and not for the reader. */
  readonly given: string
  readonly extension: 'ts' | 'tsx'
}

/**
 * The blocks marked `ts` or `tsx`; those marked `ts ignore` are left out.
 *
 * A comment `<!-- given: … -->` right before a block declares what the block takes for granted.
 */
export function blocksOf(path: string, text: string): Block[] {
  const fence =
    /(?:<!-- given:\s*([\s\S]*?)-->\s*)?^( *)```(tsx?|typescript)([^\n]*)\n([\s\S]*?)^\2```$/gm
  return Array.from(text.matchAll(fence))
    .filter(([, , , , info]) => !/\bignore\b/.test(info!))
    .map((match) => {
      const [whole, given = '', , language, , code = ''] = match
      const codeAt = match.index + whole.lastIndexOf(code === '' ? '```' : code)
      const line = text.slice(0, codeAt).split('\n').length
      return { path, line, code, given, extension: language === 'tsx' ? 'tsx' : 'ts' }
    })
}

/**
 * What the compiler has against the blocks, each a module of its own beside its Markdown file.
 *
 * @param modules By specifier, the source file that it means.
 */
export function compile(
  blocks: readonly Block[],
  modules: Readonly<Record<string, string>>,
): string[] {
  const options = compilerOptions(modules)
  const files = new Map(blocks.map((block, index) => [fileOf(block, index), block]))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  const textOf = ({ given, code }: Block): string =>
    // On one line, so that the lines of the code can be counted.
    `${given.replaceAll(/\s*\n\s*/g, ' ')};export {};\n${code}`
  host.fileExists = (file) => files.has(file) || fileExists(file)
  host.readFile = (file) => {
    const block = files.get(file)
    return block ? textOf(block) : readFile(file)
  }
  const program = ts.createProgram({ rootNames: [...files.keys()], options, host })
  return Array.from(files, ([file, block]) => {
    const source = program.getSourceFile(file)!
    const found = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]
    return found.map((diagnostic) => complaint(block, source, diagnostic))
  }).flat()
}

function complaint(block: Block, source: ts.SourceFile, diagnostic: ts.Diagnostic): string {
  const { line } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')
  return `${block.path}:${block.line + line - 1}: ${message}`
}

function fileOf({ path, extension }: Block, index: number): string {
  return posix.join(root, posix.dirname(path), `block-${index}.${extension}`)
}

/** Those of the repository, but as a reader has them who copies a block. */
function compilerOptions(modules: Readonly<Record<string, string>>): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile) as {
    config: { compilerOptions: object }
  }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const paths = Object.entries(modules).map(([name, path]) => [name, [root + path]])
  return {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    jsx: ts.JsxEmit.Preserve,
    paths: Object.fromEntries(paths) as Record<string, string[]>,
  }
}
