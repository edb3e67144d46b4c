import './locale.ts';
import { mount } from 'svelte';
import App from './App.svelte';
import './ui/tokens.css';
import './ui/base.css';
import { markUnreadablePictures } from './ui/unreadable-pictures.ts';

markUnreadablePictures(document);
mount(App, { target: document.getElementById('app')! });
