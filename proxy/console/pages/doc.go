// Package pages is the web console: the admin API for people, as pages made on the server.
//
// It is a client of the admin API and nothing more: what a page shows or does goes through
// [console.Client], inside the process, as the person who is logged in. Roles, masks, the audit and
// refusals are the API's.
//
// A page is a row of the list in pages.go: method, path, the least role, and the function that
// serves it. Its words are in catalogue/en, its form in templates, its looks in static/console.css.
// Every page works without scripts; static/console.js makes some of them nicer. Nothing is fetched
// from another host, which the Content-Security-Policy also says.
package pages
