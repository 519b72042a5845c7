//! The style sheet of the page, for light and dark screens and for paper.

pub const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--line:#e3e6eb;--text:#1b2330;--soft:#5b6675;--track:#eef0f4;\
--s0:#2f6bed;--s1:#e08a00;--s2:#0a9b72;--s3:#d63384;--s4:#7a4fe0;--s5:#0c8fb3;--s6:#6f9a14;--s7:#8a5a3c;--rest:#9aa5b4;\
--critical:#c62828;--high:#d97706;--medium:#2f6bed;--low:#7b8794;--code:#f1f3f6}\
@media (prefers-color-scheme:dark){:root{--ground:#0f141b;--card:#171e28;--line:#2a3442;--text:#e7ecf3;--soft:#9aa7b8;--track:#222c39;\
--s0:#6ea0ff;--s1:#f5b23d;--s2:#3ccf9f;--s3:#f57bb5;--s4:#ab8cff;--s5:#47c5e6;--s6:#a9d14a;--s7:#cf9b78;--rest:#667588;\
--critical:#ff7676;--high:#f5b23d;--medium:#6ea0ff;--low:#8b98a9;--code:#0f141b}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}\
header h1{font-size:26px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}\
header p{margin:0;color:var(--soft);max-width:80ch}\
h2{font-size:17px;margin:0 0 4px}\
h3{font-size:15px;margin:24px 0 6px}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0 16px}\
.tile,section{background:var(--card);border:1px solid var(--line);border-radius:12px}\
.tile{padding:14px 16px}\
.tile b{display:block;font-size:26px;line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}\
.tile span{color:var(--soft);font-size:13px}\
section{padding:20px 22px;margin:16px 0}\
section>p{margin:0 0 14px;color:var(--soft)}\
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:16px}\
.pair section{margin:0}\
svg{display:block;width:100%;height:auto;overflow:visible}\
.wide{overflow-x:auto}.wide>svg{min-width:640px}\
svg .grid{stroke:var(--line);stroke-width:1}\
svg text{fill:var(--text);font:13px system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif;font-variant-numeric:tabular-nums}\
svg .tick{fill:var(--soft);font-size:12px}\
svg .value{font-weight:600}\
svg .track{fill:var(--track)}\
svg rect:hover{opacity:.82}\
.s0{fill:var(--s0);background:var(--s0)}.s1{fill:var(--s1);background:var(--s1)}.s2{fill:var(--s2);background:var(--s2)}\
.s3{fill:var(--s3);background:var(--s3)}.s4{fill:var(--s4);background:var(--s4)}.s5{fill:var(--s5);background:var(--s5)}\
.s6{fill:var(--s6);background:var(--s6)}.s7{fill:var(--s7);background:var(--s7)}.rest{fill:var(--rest);background:var(--rest)}\
.critical{fill:var(--critical);background:var(--critical)}.high{fill:var(--high);background:var(--high)}\
.medium{fill:var(--medium);background:var(--medium)}.low{fill:var(--low);background:var(--low)}\
.person{fill:var(--s4);background:var(--s4)}.application{fill:var(--s0);background:var(--s0)}\
.other-account{fill:var(--s3);background:var(--s3)}.service{fill:var(--s2);background:var(--s2)}.unknown{fill:var(--rest);background:var(--rest)}\
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:14px 0 0;padding:0;list-style:none;font-size:13px;color:var(--soft)}\
.legend i,.risk i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px}\
.legend b{color:var(--text);font-weight:600;font-variant-numeric:tabular-nums}\
.table{overflow-x:auto;margin:8px -22px -8px;padding:0 22px}\
table{border-collapse:collapse;width:100%;font-size:14px}\
th{text-align:left;font-weight:600;color:var(--soft);font-size:12.5px;white-space:nowrap}\
th,td{padding:8px 14px 8px 0;border-bottom:1px solid var(--line);vertical-align:middle}\
tr:last-child td{border-bottom:0}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
td.long{overflow-wrap:anywhere;min-width:220px}\
td small{display:block;color:var(--soft)}\
.risk{white-space:nowrap}\
.spark{width:140px;height:26px}\
.none{color:var(--soft)}\
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;padding:12px 14px;margin:8px 0 0;overflow-x:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}\
ul.notes{margin:6px 0 0;padding-left:20px}\
.bad{border-left:4px solid var(--critical)}\
details{margin-top:14px}summary{cursor:pointer;color:var(--soft);font-size:13px}\
footer{color:var(--soft);font-size:13px;margin-top:24px}\
@media print{body{background:#fff}section,.tile{break-inside:avoid}}\
";
