/** The style sheet of an episode's page. */
import type { Theme } from '@natgrad/envs';

const LIGHT =
  '--paper:#fff;--ink:#1f2328;--faint:#59636e;--line:#d1d9e0;--panel:#f6f8fa;--accent:#0b63ce;--on-accent:#fff;--return:#0b63ce;--action:#b3541e;--cost:#c23b3b';
const DARK =
  '--paper:#0d1117;--ink:#e6edf3;--faint:#9198a1;--line:#2a313c;--panel:#151b23;--accent:#58a6ff;--on-accent:#0d1117;--return:#58a6ff;--action:#f39a55;--cost:#ef6a66';

const coloursOf = (theme: Theme): string =>
  theme === 'auto'
    ? `:root{${LIGHT}}@media (prefers-color-scheme:dark){:root{${DARK}}}`
    : `:root{${theme === 'light' ? LIGHT : DARK}}`;

const LAYOUT = `
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:860px;margin:0 auto;padding:24px 16px 32px}
h1{font-size:1.45rem;line-height:1.25;margin:0 0 4px}
p{margin:0 0 16px;color:var(--faint);overflow-wrap:anywhere}
figure{margin:0;border:1px solid var(--line);border-radius:10px;overflow:hidden;line-height:0}
figure svg{width:100%;height:auto;max-height:62vh}
.controls{display:flex;flex-wrap:wrap;align-items:center;gap:8px 12px;margin:12px 0 16px;font-variant-numeric:tabular-nums}
button{width:44px;height:44px;border:0;border-radius:50%;background:var(--accent);color:var(--on-accent);font-size:15px;line-height:1;cursor:pointer}
:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
#scrubber{flex:1 1 160px;min-width:120px;height:32px;margin:0;accent-color:var(--accent)}
#step,#clock{min-width:5.5em;text-align:right;color:var(--faint);font-size:.9rem}
#clock{min-width:3.6em}
select{height:36px;border:1px solid var(--line);border-radius:8px;background:var(--panel);color:var(--ink);font:inherit;font-size:.9rem;padding:0 4px}
#traces{position:relative;display:grid;grid-template-columns:5em minmax(0,1fr) 4.6em;gap:4px 10px;align-items:center;touch-action:pan-y;cursor:crosshair;font-size:.85rem;user-select:none;-webkit-user-select:none}
#lines{position:absolute;inset:0 calc(4.6em + 10px) 0 calc(5em + 10px);pointer-events:none}
#lines i{position:absolute;top:0;bottom:0;left:calc(100%*var(--at,0));border-left:1.5px solid var(--ink);opacity:.65}
#traces .name{grid-column:1;color:var(--faint);white-space:nowrap}
#traces svg{grid-column:2;width:100%;height:30px;background:var(--panel);border-radius:6px;overflow:hidden}
#traces .return,#traces .cost{height:64px}
#traces path{fill:none;stroke:var(--action);stroke-width:1.6;vector-effect:non-scaling-stroke;stroke-linejoin:round}
#traces .return path{stroke:var(--return);stroke-width:2}
#traces .cost path{stroke:var(--cost)}
#traces .value{grid-column:3;text-align:right;font-variant-numeric:tabular-nums}
.keys{margin-top:20px;font-size:.85rem}
kbd{border:1px solid var(--line);border-radius:5px;background:var(--panel);padding:0 5px;font:inherit}
@media (hover:none){.keys{display:none}}
`;

export const pageStyle = (theme: Theme): string => coloursOf(theme) + LAYOUT.replaceAll('\n', '');
