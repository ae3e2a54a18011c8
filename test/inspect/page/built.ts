import { mkdir, readFile, writeFile } from 'node:fs/promises'
import ts from 'typescript'
import { PAGE_MODULES } from '../../../src/inspect/page/files.ts'

const ROOT = new URL('../../../', import.meta.url)
const BUILT = new URL('.build/inspect/', ROOT)

/** Compiles the modules of the page with the options of the build, comments and all. */
export async function builtPage(): Promise<URL> {
  const { config } = ts.readConfigFile(
    new URL('tsconfig.json', ROOT).pathname,
    ts.sys.readFile,
  ) as {
    config: { compilerOptions: object }
  }
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT.pathname)
  // Alone, a module does not know that its package is one of ECMAScript modules.
  const compilerOptions = { ...options, module: ts.ModuleKind.ESNext }
  for (const path of PAGE_MODULES) {
    const fileName = new URL(`src/inspect/${path.replace(/js$/, 'ts')}`, ROOT).pathname
    const source = await readFile(fileName, 'utf8')
    const { outputText } = ts.transpileModule(source, { fileName, compilerOptions })
    await mkdir(new URL('./', new URL(path, BUILT)), { recursive: true })
    await writeFile(new URL(path, BUILT), outputText)
  }
  return BUILT
}
