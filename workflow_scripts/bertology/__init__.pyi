from bertology.activations import open_activations as open_activations
from bertology.errors import InputError as InputError
from bertology.probing.vectors import probe_vectors as probe_vectors
from bertology.similarity.cka import unbiased_cka as unbiased_cka
from bertology.similarity.measures import rsa as rsa
from bertology.similarity.measures import rsa_standardised as rsa_standardised
from bertology.similarity.procrustes import procrustes_distances as procrustes_distances
