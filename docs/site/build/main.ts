/**
 * `npm run site`: builds the site into `docs/site/.build/dist`, and checks its links.
 *
 * `npm run site -- dev` serves it while the theme and the playground are written.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { faultsOf } from './check-links.ts'
import { textsForModels } from './llms.ts'
import { sidebarOf } from './navigation.ts'
import { stagePages, write, type StagedPage } from './pages.ts'
import { stageReference } from './reference.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const site = join(root, 'docs/site')
const out = join(site, '.build')
const isDev = process.argv.includes('dev')

function run(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { cwd: site, stdio: ['ignore', 'inherit', 'inherit'] })
}

/** The site's packages are its own: the library's `npm ci` does not install them. */
function install(): void {
  const wanted = readFileSync(join(site, 'package-lock.json'), 'utf8')
  const mark = join(site, 'node_modules/.installed')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return
  run('npm', 'ci', '--no-audit', '--no-fund')
  writeFileSync(mark, wanted)
}

install()
rmSync(out, { recursive: true, force: true })
const pages: StagedPage[] = [
  ...stagePages(root, join(out, 'pages')),
  ...stageReference(root, join(out, 'pages/api'), run),
]
writeFileSync(join(out, 'sidebar.json'), JSON.stringify(sidebarOf(pages)))
for (const [name, text] of textsForModels(pages)) {
  write(join(out, 'pages/public', name), text)
}
run(join(site, 'node_modules/.bin/vitepress'), isDev ? 'dev' : 'build', '.')
if (!isDev) {
  const faults = faultsOf(join(out, 'dist'))
  for (const fault of faults) console.error(fault)
  if (faults.length > 0) process.exit(1)
  console.log(`${pages.length} pages in docs/site/.build/dist, every link leads somewhere`)
}
