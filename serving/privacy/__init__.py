"""What a person may ask for: to be told what is kept, to be erased, to be left out."""
