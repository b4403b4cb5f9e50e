#!/usr/bin/env node
import { extractAudio } from './extract.js';

process.exitCode = await extractAudio(process.argv.slice(2), 'extractaudio_debug');
