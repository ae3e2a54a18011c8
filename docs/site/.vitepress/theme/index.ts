import DefaultTheme from 'vitepress/theme'
import type { Theme } from 'vitepress'
import 'virtual:inspector.css'
import './style.css'
import Chart from './Chart.vue'
import Playground from './Playground.vue'

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Chart', Chart)
    app.component('Playground', Playground)
  },
} satisfies Theme
