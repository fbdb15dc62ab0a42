'use strict';
/* Filters, sorts and expands. Everything on the page can be read without it. */
(function () {
  var order = new Intl.Collator('en', { numeric: true });
  var all = function (root, selector) { return Array.prototype.slice.call(root.querySelectorAll(selector)); };

  function text(cell) { return cell ? cell.textContent.trim().replace(/\s+/g, ' ') : ''; }

  function filterable(box) {
    var tools = box.querySelector('[data-tools]');
    var count = box.querySelector('[data-count]');
    var body = box.querySelector('tbody');
    var rows = all(body, 'tr');
    var filters = all(tools, '[data-filter]');
    rows.forEach(function (row, at) { row.place = at; row.words = text(row).toLowerCase(); });

    function apply() {
      var shown = 0;
      rows.forEach(function (row) {
        var fits = filters.every(function (filter) {
          if (filter.value === '') { return true; }
          var kind = filter.dataset.filter;
          return kind === 'text' ? row.words.indexOf(filter.value.trim().toLowerCase()) >= 0 : row.dataset[kind] === filter.value;
        });
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      count.textContent = shown === rows.length ? 'all ' + shown + ' lines' : shown + ' of ' + rows.length + ' lines';
    }

    filters.forEach(function (filter) { filter.addEventListener('input', apply); });
    tools.hidden = false;
    apply();
    sortable(box, body, rows);
  }

  function sortable(box, body, rows) {
    var heads = all(box, 'th[data-sort]');
    heads.forEach(function (head, position) {
      var at = head.dataset.sort === '' ? position : Number(head.dataset.sort);
      var button = document.createElement('button');
      button.type = 'button';
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener('click', function () {
        var was = head.getAttribute('aria-sort');
        heads.forEach(function (other) { other.removeAttribute('aria-sort'); });
        var down = was === 'ascending';
        if (was !== 'descending') { head.setAttribute('aria-sort', down ? 'descending' : 'ascending'); }
        var keyed = rows.map(function (row) { return { row: row, key: text(row.children[at]) }; });
        keyed.sort(function (one, other) {
          /* The third press gives the order back in which the lines came. */
          var by = was === 'descending' ? 0 : order.compare(one.key, other.key) * (down ? -1 : 1);
          return by || one.row.place - other.row.place;
        });
        keyed.forEach(function (one) { body.appendChild(one.row); });
      });
    });
  }

  function expandable(box) {
    var details = all(document, 'main details');
    all(box, 'button').forEach(function (button) {
      button.addEventListener('click', function () {
        details.forEach(function (one) { one.open = button.value === 'open'; });
      });
    });
    box.hidden = false;
  }

  /* A link to a table that is folded opens it. */
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    var details = target && target.querySelector(':scope > .folded');
    if (details) { details.open = true; }
  }

  all(document, '[data-lines]').forEach(filterable);
  all(document, '[data-expand]').forEach(expandable);
  window.addEventListener('hashchange', reveal);
  reveal();
})();
