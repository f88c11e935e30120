/** Text for HTML, in content and in quoted attributes; control characters are replaced. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[^\P{C}\n]/gu, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
