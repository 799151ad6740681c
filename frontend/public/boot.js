// Runs before the first paint, as a file of its own so that the CSP needs no inline
// script: language, direction and theme as last chosen.
(function () {
  var root = document.documentElement;
  var read = function (key) {
    try {
      return localStorage.getItem(key);
    } catch (_) {
      return null;
    }
  };
  if (read('prosaas.language') === 'en') {
    root.lang = 'en';
    root.dir = 'ltr';
  }
  var theme = read('prosaas.theme');
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.classList.toggle('dark', dark);
  var bar = document.querySelector('meta[name="theme-color"]');
  if (bar && dark) bar.content = '#0c1019';
})();
