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
  /** What it is called beside the others of its Markdown file, which import it by that. */
  readonly title: string
}

/**
 * The blocks marked `ts` or `tsx`; those marked `ts ignore` are left out.
 *
 * A comment `<!-- given: … -->` right before a block declares what the block takes for granted. One
 * marked `ts title="auth.ts"` is what another of the same file means by `./auth`.
 */
export function blocksOf(path: string, text: string): Block[] {
  const fence =
    /(?:<!-- given:\s*([\s\S]*?)-->\s*)?^( *)```(tsx?|typescript)([^\n]*)\n([\s\S]*?)^\2```$/gm
  return Array.from(text.matchAll(fence))
    .filter(([, , , , info]) => !/\bignore\b/.test(info!))
    .map((match, index) => {
      const [whole, given = '', , language, info = '', code = ''] = match
      const codeAt = match.index + whole.lastIndexOf(code === '' ? '```' : code)
      const line = text.slice(0, codeAt).split('\n').length
      const unnamed = `block-${index}.${language === 'tsx' ? 'tsx' : 'ts'}`
      const title = /\btitle="([^"]*)"/.exec(info)?.[1] ?? unnamed
      return { path, line, code, given, title }
    })
}

/**
 * What the compiler has against the blocks, each a module of its own, in a folder for those of its
 * Markdown file.
 *
 * @param modules By specifier, the source file that it means.
 */
export function compile(
  blocks: readonly Block[],
  modules: Readonly<Record<string, string>>,
): string[] {
  const options = compilerOptions(modules)
  const files = new Map(blocks.map((block) => [fileOf(block), block]))
  if (files.size < blocks.length) throw new Error('two blocks of one file have the same title')
  const folders = new Set([...files.keys()].map((file) => posix.dirname(file)))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, directoryExists } = host
  const textOf = ({ given, code }: Block): string =>
    // On one line, so that the lines of the code can be counted.
    `${given.replaceAll(/\s*\n\s*/g, ' ')};export {};\n${code}`
  host.fileExists = (file) => files.has(file) || fileExists(file)
  host.directoryExists = (folder) => folders.has(folder) || directoryExists!(folder)
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

function fileOf({ path, title }: Block): string {
  return posix.join(root, path.replace(/\.md$/, ''), title)
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
    // Of a bundler, which is what reads the code of an application.
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    jsx: ts.JsxEmit.ReactJSX,
    paths: Object.fromEntries(paths) as Record<string, string[]>,
  }
}
