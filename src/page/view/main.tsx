// The debug page. It shows what the daemon sends, and sends nothing back.

import './no-eval.js'; // first: it is for what the others do while they are loaded
import { render } from 'preact';
import { App } from './app.js';
import { connectTo } from './connection.js';
import { createDrawings } from './drawings.js';
import { Store } from './store.js';
import { showTheme, storedTheme } from './theme.js';
import { takeToken } from './token.js';

const store = new Store();
const root = document.getElementById('app')!;
const show = (): void => render(<App store={store} shown={store.shown()} drawings={drawings} />, root);
const drawings = createDrawings(show);

showTheme(storedTheme());
store.onChange(show);
const token = takeToken();
if (token === null) store.setConnection('noToken');
else connectTo(store, token);
show();
