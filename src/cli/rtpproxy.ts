#!/usr/bin/env node
import { RTPPROXY, serve } from './serve.js';

process.exitCode = await serve(process.argv.slice(2), RTPPROXY);
