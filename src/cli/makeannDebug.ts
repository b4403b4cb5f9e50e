#!/usr/bin/env node
import { runMakeann } from './makeann/run.js';

process.exitCode = await runMakeann(process.argv.slice(2), 'makeann_debug');
