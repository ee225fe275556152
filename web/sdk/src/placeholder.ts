/** Says that something is coming, until the frame is there to say it itself. */
export function showPlaceholder(container: Element): () => void {
  const note = document.createElement('p');
  note.setAttribute('role', 'status');
  note.textContent = 'Opening secure checkout…';
  Object.assign(note.style, { margin: '0', padding: '3rem 1rem', textAlign: 'center' });
  container.append(note);
  return () => note.remove();
}
