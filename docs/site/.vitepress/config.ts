import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { scopedPageCss } from '../play/page-css.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const out = `${root}docs/site/.build/`

/** How GitHub names the anchor of a heading: the links in docs/ follow it. */
function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" ' +
  'rx="8" fill="#2457c5"/><path d="M23 16a7 7 0 1 1-2.6-5.4M21 5v6h-6" fill="none" ' +
  'stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'

const GROUP_ROLE = "() => (isLink.value ? undefined : 'button')"

export default defineConfig({
  title: 'refresh-once',
  description: 'OAuth tokens that are renewed once: one refresh token is never used twice.',
  lang: 'en',
  base: process.env.SITE_BASE ?? '/',
  srcDir: `${out}pages`,
  outDir: `${out}dist`,
  cacheDir: `${out}cache`,
  srcExclude: ['public/**'],
  // docs/site/build checks the links of the built pages, with their anchors.
  ignoreDeadLinks: true,
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        _render(source, env, md) {
          const html = md.render(source, env)
          return env.frontmatter?.search === false ? '' : html
        },
      },
    },
    nav: [
      { text: 'Start', link: '/start', activeMatch: '^/(start|guides)' },
      { text: 'Playground', link: '/playground' },
      { text: 'Providers', link: '/providers', activeMatch: '^/providers' },
      { text: 'Errors', link: '/troubleshooting', activeMatch: '^/(errors|troubleshooting)' },
      { text: 'API', link: '/api/', activeMatch: '^/api' },
    ],
    sidebar: JSON.parse(readFileSync(`${out}sidebar.json`, 'utf8')),
    outline: [2, 3],
    footer: { message: 'MIT licensed.' },
  },
  vite: {
    // Files of the repository that pages and the playground are made of.
    server: { fs: { allow: [root] } },
    build: { chunkSizeWarningLimit: 2000 },
    plugins: [
      {
        // A group is no button around its button: the arrow in it is what the keyboard reaches.
        name: 'sidebar-without-nested-buttons',
        enforce: 'pre',
        transform(code, id) {
          if (!id.endsWith('/VPSidebarItem.vue')) return undefined
          if (!code.includes(GROUP_ROLE)) throw new Error('VPSidebarItem.vue has changed')
          return code
            .replace(GROUP_ROLE, '() => undefined')
            .replace(':tabindex="item.items && 0"', '')
        },
      },
      {
        name: 'inspector-css',
        resolveId: (id) => (id === 'virtual:inspector.css' ? '\0inspector.css' : undefined),
        load: (id) => (id === '\0inspector.css' ? scopedPageCss() : undefined),
      },
    ],
  },
})
